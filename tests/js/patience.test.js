import assert from "node:assert/strict";
import { test } from "node:test";

import { welcomeLimit } from "../../static/js/lib/patience.js";

test("the first welcome of all may take its time", () => {
  assert.equal(welcomeLimit(null, 0), 15000);
});

test("a link that was quick is given four seconds", () => {
  assert.equal(welcomeLimit(120, 0), 4000);
  assert.equal(welcomeLimit(2000, 60000), 4000);
});

test("a link that was slow is given twice what it took, within reason", () => {
  assert.equal(welcomeLimit(3500, 0), 7000);
  assert.equal(welcomeLimit(14000, 0), 15000);
});

test("after ninety seconds a quick link is taken for slow", () => {
  assert.equal(welcomeLimit(120, 89999), 4000);
  assert.equal(welcomeLimit(120, 90000), 15000);
});
