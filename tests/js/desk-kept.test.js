import assert from "node:assert/strict";
import { test } from "node:test";

import { ASK_MS, watchKept } from "../../static/js/lib/desk-kept.js";
import { Clock, handles } from "./surroundings.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

function setUp(answers) {
  const clock = new Clock();
  const seen = { asked: 0, gone: 0 };
  const watch = watchKept({
    clock: handles(clock),
    ask: () => {
      seen.asked += 1;
      const status = answers.shift();
      return status === 200 ? Promise.resolve() : Promise.reject(Object.assign(new Error(), { status }));
    },
    onGone: () => (seen.gone += 1),
  });
  const pass = () => {
    clock.advance(ASK_MS);
    return settled();
  };
  return { seen, watch, pass };
}

test("an erased conversation is noticed once, and not asked for again", async () => {
  const { seen, pass } = setUp([200, 404]);
  await pass();
  assert.deepEqual(seen, { asked: 1, gone: 0 });
  await pass();
  await pass();
  assert.deepEqual(seen, { asked: 2, gone: 1 });
});

test("a lost connection is no erasure", async () => {
  const { seen, pass } = setUp([0, 500, 404]);
  await pass();
  await pass();
  assert.equal(seen.gone, 0);
  await pass();
  assert.equal(seen.gone, 1);
});

test("a panel that was closed asks no more", async () => {
  const { seen, watch, pass } = setUp([404]);
  watch.stop();
  await pass();
  assert.deepEqual(seen, { asked: 0, gone: 0 });
});
