import assert from "node:assert/strict";
import { test } from "node:test";

import { countCharacters, isSendKey, measure } from "../../static/js/lib/writing.js";

test("characters are counted as the server counts them", () => {
  assert.equal(countCharacters("blåbær"), 6);
  assert.equal(countCharacters("😀"), 1);
});

test("the limit is told before it is hit", () => {
  assert.deepEqual(measure("x".repeat(3600), 4000), { left: 400, warn: false, over: false, empty: false });
  assert.deepEqual(measure("x".repeat(3601), 4000), { left: 399, warn: true, over: false, empty: false });
  assert.deepEqual(measure("x".repeat(4000), 4000), { left: 0, warn: true, over: false, empty: false });
  assert.deepEqual(measure("x".repeat(4001), 4000), { left: -1, warn: true, over: true, empty: false });
});

test("blanks alone are empty", () => {
  assert.equal(measure(" \n\t ", 4000).empty, true);
});

const enter = (changes) => ({ key: "Enter", shiftKey: false, isComposing: false, keyCode: 13, ...changes });

test("enter sends where there is a keyboard", () => {
  assert.equal(isSendKey(enter(), false), true);
});

for (const [name, event, touch] of [
  ["on touch", enter(), true],
  ["with shift", enter({ shiftKey: true }), false],
  ["while an input method composes", enter({ isComposing: true }), false],
  ["while an old input method composes", enter({ keyCode: 229 }), false],
  ["when it is another key", enter({ key: "a" }), false],
]) {
  test(`enter does not send ${name}`, () => {
    assert.equal(isSendKey(event, touch), false);
  });
}
