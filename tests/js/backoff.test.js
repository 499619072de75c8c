import assert from "node:assert/strict";
import { test } from "node:test";

import { backoffDelay } from "../../static/js/lib/backoff.js";

const almostOne = () => 1 - Number.EPSILON;
const attempts = [0, 1, 2, 3, 4, 5, 6, 40, 2000];

test("the ceiling doubles from one second to four", () => {
  const ceilings = attempts.map((attempt) => backoffDelay(attempt, almostOne));

  assert.deepEqual(ceilings, [999, 1999, 3999, 3999, 3999, 3999, 3999, 3999, 3999]);
});

test("after ten minutes without a link the ceiling is thirty seconds", () => {
  const before = attempts.map((attempt) => backoffDelay(attempt, almostOne, 599999));
  const after = attempts.map((attempt) => backoffDelay(attempt, almostOne, 600000));

  assert.equal(Math.max(...before), 3999);
  assert.deepEqual(after, [999, 1999, 3999, 7999, 15999, 29999, 29999, 29999, 29999]);
});

test("the whole range below the ceiling is used", () => {
  assert.equal(
    backoffDelay(2, () => 0),
    0,
  );
  assert.equal(
    backoffDelay(2, () => 0.5),
    2000,
  );
});
