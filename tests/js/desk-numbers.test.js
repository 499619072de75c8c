import assert from "node:assert/strict";
import { test } from "node:test";

import { createNumbers } from "../../static/js/lib/desk-numbers.js";
import { MemoryStorage } from "./surroundings.js";

test("a conversation keeps its number through a reload that leaves it alone", () => {
  const storage = new MemoryStorage();
  const before = createNumbers(storage);
  assert.deepEqual(["a", "b", "c"].map(before.of), [1, 2, 3]);

  const after = createNumbers(storage);
  after.keep(["c"]);

  assert.equal(after.of("c"), 3);
  assert.equal(after.of("d"), 4);
});

test("a conversation that was let go of leaves nothing in the tab", () => {
  const storage = new MemoryStorage();
  const numbers = createNumbers(storage);
  numbers.of("a");
  numbers.keep([]);
  assert.equal(storage.getItem("chatline.desk.numbers"), "{}");
});
