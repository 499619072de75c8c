import assert from "node:assert/strict";
import { test } from "node:test";

import { KEY, setUp, states } from "./outboxes.js";
import { MemoryStorage, welcome } from "./surroundings.js";

const HALVES = [
  ["the first half at the end", "Hei \ud83d", "Hei \ufffd"],
  ["the second half at the beginning", "\ude00 hei", "\ufffd hei"],
  ["halves the wrong way round", "\ude00\ud83d", "\ufffd\ufffd"],
  ["half of one beside a whole one", "\ud83d\ud83d\ude00", "\ufffd\ud83d\ude00"],
  ["a whole one alone", "Hei \ud83d\ude00", "Hei \ud83d\ude00"],
];

for (const [what, written, mended] of HALVES) {
  test(`${what}: a message is sent as the server can read it`, () => {
    const { outbox, sent, shown } = setUp();

    outbox.add(written);

    assert.equal(sent[0].body, mended);
    assert.equal(shown()[0].body, mended);
  });

  test(`${what}: what a reload brings back is sent as the server can read it`, () => {
    const kept = JSON.stringify([{ originId: "m1", body: written, since: 0 }]);
    const { outbox, sent } = setUp({ storage: new MemoryStorage({ [KEY]: kept }) });

    outbox.start();

    assert.equal(sent[0].body, mended);
  });
}

const TOO_LARGE = "\u0001".repeat(4000); // six bytes each in a frame

test("a message that no frame holds is refused at once, and the next one goes out", () => {
  const { outbox, clock, shown, storage, ids } = setUp();

  outbox.add(TOO_LARGE);
  outbox.add("to");
  clock.advance(60000);

  assert.deepEqual(
    shown().map(({ state, title }) => [state, title]),
    [
      ["refused", "For lang."],
      ["unsent", null],
    ],
  );
  assert.deepEqual([...new Set(ids())], ["m2"]);
  assert.deepEqual(
    JSON.parse(storage.getItem(KEY)).map((entry) => entry.originId),
    ["m2"],
  );
  assert.equal(outbox.discard("m1"), TOO_LARGE);
});

test("a message that no frame holds is refused without a connection too", () => {
  const { outbox, shown } = setUp({ connected: false });

  outbox.add(TOO_LARGE);

  assert.deepEqual(states(shown()), ["refused"]);
});

test("a message that no frame holds is not sent after a reload, and leaves the storage", () => {
  const kept = JSON.stringify([{ originId: "m1", body: TOO_LARGE, since: 0 }]);
  const { outbox, link, clock, ids, shown, storage } = setUp({
    storage: new MemoryStorage({ [KEY]: kept }),
    connected: false,
  });

  outbox.start();
  link.up = true;
  outbox.welcome(welcome());
  clock.advance(60000);

  assert.deepEqual(states(shown()), ["refused"]);
  assert.deepEqual(ids(), []);
  assert.equal(storage.getItem(KEY), null);
});

test("the longest message of emoji is sent", () => {
  const { outbox, ids } = setUp();

  outbox.add("\ud83d\ude00".repeat(4000));

  assert.deepEqual(ids(), ["m1"]);
});

test("the frame's limit is the server's own, to the byte", () => {
  const { outbox, link, ids, shown } = setUp({ connected: false });
  const frame = (body) => Buffer.byteLength(JSON.stringify({ type: "message", origin_id: "m1", body }));
  outbox.add("blåbær");
  outbox.add("blåbær!");

  link.up = true;
  outbox.welcome(welcome({ limits: { body: 4000, frame: frame("blåbær"), window: 100, burst: 5, per_second: 1 } }));

  assert.deepEqual(ids(), ["m1"]);
  assert.deepEqual(states(shown()), ["new", "refused"]);
});
