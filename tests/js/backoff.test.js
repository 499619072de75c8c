import assert from "node:assert/strict";
import { test } from "node:test";

import { backoffDelay } from "../../static/js/lib/backoff.js";

const almostOne = () => 1 - Number.EPSILON;

test("the ceiling doubles from one second to thirty", () => {
  const ceilings = [0, 1, 2, 3, 4, 5, 6, 40, 2000].map((attempt) => backoffDelay(attempt, almostOne));

  assert.deepEqual(ceilings, [999, 1999, 3999, 7999, 15999, 29999, 29999, 29999, 29999]);
});

test("the whole range below the ceiling is used", () => {
  assert.equal(
    backoffDelay(3, () => 0),
    0,
  );
  assert.equal(
    backoffDelay(3, () => 0.5),
    4000,
  );
});
