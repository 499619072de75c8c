import assert from "node:assert/strict";
import { test } from "node:test";

import { createPressCounter } from "../../static/js/lib/presses.js";

function setUp() {
  const clock = { time: 0 };
  let left = 0;
  const counter = createPressCounter({
    keys: ["Shift", "Escape"],
    now: () => clock.time,
    onEnough: () => {
      left += 1;
    },
  });
  const press = (key, { repeat = false, after = 100 } = {}) => {
    clock.time += after;
    counter.press({ key, repeat });
  };
  return { press, left: () => left };
}

for (const key of ["Shift", "Escape"]) {
  test(`three times ${key} leaves`, () => {
    const { press, left } = setUp();
    press(key);
    press(key);
    assert.equal(left(), 0);

    press(key);

    assert.equal(left(), 1);
  });
}

test("capital letters do not leave", () => {
  const { press, left } = setUp();
  for (const letter of "HJELP") {
    press("Shift");
    press(letter);
  }

  assert.equal(left(), 0);
});

test("a key held down counts once", () => {
  const { press, left } = setUp();
  press("Shift");
  for (let round = 0; round < 20; round += 1) press("Shift", { repeat: true });

  assert.equal(left(), 0);
});

test("two kinds of key do not add up", () => {
  const { press, left } = setUp();
  ["Shift", "Escape", "Shift", "Escape", "Shift"].forEach((key) => press(key));

  assert.equal(left(), 0);
});

test("slow presses do not leave", () => {
  const { press, left } = setUp();
  for (let round = 0; round < 6; round += 1) press("Escape", { after: 1100 });

  assert.equal(left(), 0);
});

test("other keys never leave", () => {
  const { press, left } = setUp();
  for (let round = 0; round < 6; round += 1) press("Enter");

  assert.equal(left(), 0);
});
