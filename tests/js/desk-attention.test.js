import assert from "node:assert/strict";
import { test } from "node:test";

import { badgedTitle, createAttention } from "../../static/js/lib/desk-attention.js";

function watched() {
  const heard = [];
  return { heard, attention: createAttention({ onChange: (change) => heard.push(change) }) };
}

test("a message counts until its conversation is looked at", () => {
  const { heard, attention } = watched();
  attention.arrived("a");
  attention.arrived("a");
  attention.arrived("b");
  assert.equal(attention.unreadOf("a"), 2);
  attention.seen("a");
  assert.equal(attention.unreadOf("a"), 0);
  assert.deepEqual(heard.at(-1), { unread: 1, waiting: 0, rising: false });
});

test("more to look at is rising, less is not", () => {
  const { heard, attention } = watched();
  attention.queue(1);
  attention.queue(2);
  attention.queue(0);
  assert.deepEqual(
    heard.map((change) => change.rising),
    [true, true, false],
  );
});

test("nothing new says nothing", () => {
  const { heard, attention } = watched();
  attention.queue(0);
  attention.seen("a");
  attention.queue(3);
  attention.queue(3);
  assert.equal(heard.length, 1);
});

test("the title carries a number only when there is one", () => {
  assert.equal(badgedTitle("Samtaler", 0), "Samtaler");
  assert.equal(badgedTitle("Samtaler", 3), "(3) Samtaler");
});
