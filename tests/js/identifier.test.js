import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

import { newIdentifier } from "../../static/js/lib/identifier.js";

test("an identifier is a UUID of version 4 and the RFC's variant", () => {
  for (let round = 0; round < 100; round += 1) {
    assert.match(newIdentifier(webcrypto), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});

test("every bit that is not fixed comes from the random source", () => {
  const ones = { getRandomValues: (bytes) => bytes.fill(0xff) };
  const zeros = { getRandomValues: (bytes) => bytes.fill(0) };

  assert.equal(newIdentifier(ones), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  assert.equal(newIdentifier(zeros), "00000000-0000-4000-8000-000000000000");
});

test("identifiers differ", () => {
  const made = new Set(Array.from({ length: 1000 }, () => newIdentifier(webcrypto)));

  assert.equal(made.size, 1000);
});
