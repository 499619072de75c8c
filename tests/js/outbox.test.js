import assert from "node:assert/strict";
import { test } from "node:test";

import { KEY, setUp, states } from "./outboxes.js";
import { MemoryStorage, welcome } from "./surroundings.js";

test("a message goes out at once and is gone when it is acknowledged", () => {
  const { outbox, sent, shown } = setUp();

  outbox.add("Hei");
  assert.deepEqual(
    sent.map(({ type, origin_id, body }) => ({ type, origin_id, body })),
    [{ type: "message", origin_id: "m1", body: "Hei" }],
  );
  assert.deepEqual(states(shown()), ["new"]);
  outbox.settle("m1");

  assert.deepEqual(shown(), []);
});

test("the second message waits for the first, so that it cannot overtake", () => {
  const { outbox, ids } = setUp();
  outbox.add("en");
  outbox.add("to");
  assert.deepEqual(ids(), ["m1"]);

  outbox.settle("m1");

  assert.deepEqual(ids(), ["m1", "m2"]);
});

test("an unanswered message says sending after 5 s and not sent after 15 s, to the millisecond", () => {
  const { outbox, clock, shown } = setUp();
  outbox.add("Hei");

  const seen = [4999, 1, 9999, 1].map((step) => {
    clock.advance(step);
    return shown()[0].state;
  });

  assert.deepEqual(seen, ["new", "sending", "sending", "unsent"]);
});

test("the states grow without a connection too", () => {
  const { outbox, clock, shown, sent } = setUp({ connected: false });
  outbox.add("Hei");

  clock.advance(15000);

  assert.deepEqual(states(shown()), ["unsent"]);
  assert.deepEqual(sent, []);
});

test("an unanswered message is tried again with the same identifier", () => {
  const { outbox, clock, sent, ids } = setUp();
  outbox.add("Hei");

  clock.advance(10000);

  assert.deepEqual(ids(), ["m1", "m1", "m1"]);
  assert.deepEqual(
    sent.map((frame) => frame.at - sent[0].at),
    [0, 5000, 10000],
  );
});

test("a reconnect sends the unanswered message at once, with the same identifier and in order", () => {
  const { outbox, link, ids } = setUp();
  outbox.add("en");
  outbox.add("to");
  link.up = false;
  outbox.disconnected();

  link.up = true;
  outbox.welcome(welcome());
  assert.deepEqual(ids(), ["m1", "m1"]);
  outbox.settle("m1");

  assert.deepEqual(ids(), ["m1", "m1", "m2"]);
});

test("nothing is tried while the link is down", () => {
  const { outbox, clock, link, ids } = setUp();
  outbox.add("en");
  link.up = false;
  outbox.disconnected();

  clock.advance(60000);

  assert.deepEqual(ids(), ["m1"]);
});

test("a message that said not sent is still taken off when the ack comes after all", () => {
  const { outbox, clock, shown } = setUp();
  outbox.add("Hei");
  clock.advance(16000);

  outbox.settle("m1");

  assert.deepEqual(shown(), []);
});

test("the retry button tries at once and gives the message ten more seconds", () => {
  const { outbox, clock, shown, ids } = setUp();
  outbox.add("Hei");
  clock.advance(16000);
  const before = ids().length;

  outbox.retry("m1");
  assert.equal(ids().length, before + 1);
  assert.deepEqual(states(shown()), ["sending"]);
  clock.advance(10000);

  assert.deepEqual(states(shown()), ["unsent"]);
  assert.deepEqual([...new Set(ids())], ["m1"]);
});

test("five go out in a burst and then one a second", () => {
  const { outbox, clock, sent, ids } = setUp();
  for (let number = 1; number <= 8; number += 1) outbox.add(`text ${number}`);
  const answered = new Set();
  for (let step = 0; step < 400; step += 1) {
    for (const id of ids().filter((sentId) => !answered.has(sentId))) {
      answered.add(id);
      outbox.settle(id);
    }
    clock.advance(10);
  }

  assert.deepEqual(ids(), ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"]);
  const sinceStart = sent.map((frame) => Math.round((frame.at - sent[0].at) / 100) / 10);
  assert.deepEqual(sinceStart, [0, 0, 0, 0, 0, 1, 2, 3]);
});

test("the server's own limits are the ones kept", () => {
  const { outbox, clock, ids } = setUp();
  outbox.welcome(welcome({ limits: { body: 4000, frame: 16384, window: 100, burst: 1, per_second: 0.5 } }));
  clock.advance(10000);
  outbox.add("en");
  outbox.settle("m1");
  outbox.add("to");
  assert.deepEqual(ids(), ["m1"]);

  clock.advance(2000);

  assert.deepEqual(ids(), ["m1", "m2"]);
});

for (const code of ["rate_limited", "unavailable"]) {
  test(`${code} holds everything back for the told time and then sends the same message first`, () => {
    const { outbox, clock, sent, ids } = setUp();
    outbox.add("en");
    outbox.add("to");

    outbox.error({ type: "error", code, title: "Vent", origin_id: "m1", retry_after: 3 });
    clock.advance(2999);
    assert.deepEqual(ids(), ["m1"]);
    clock.advance(1);
    outbox.settle("m1");

    assert.deepEqual(ids(), ["m1", "m1", "m2"]);
    assert.equal(sent[1].at - sent[0].at, 3000);
  });
}

test("an error without an identifier holds back as well", () => {
  const { outbox, clock, ids } = setUp();
  outbox.add("en");

  outbox.error({ type: "error", code: "unavailable", title: "Vent", origin_id: null, retry_after: 2 });
  outbox.settle("m1");
  outbox.add("to");
  assert.deepEqual(ids(), ["m1"]);
  clock.advance(2000);

  assert.deepEqual(ids(), ["m1", "m2"]);
});

test("a retry does not break through the told time", () => {
  const { outbox, ids } = setUp();
  outbox.add("en");
  outbox.error({ type: "error", code: "rate_limited", title: "", origin_id: "m1", retry_after: 30 });

  outbox.retry("m1");

  assert.deepEqual(ids(), ["m1"]);
});

for (const code of ["too_long", "conflicting_retry", "malformed", "not_permitted"]) {
  test(`${code} is final for that message, and the next one goes out`, () => {
    const { outbox, clock, shown, ids } = setUp();
    outbox.add("en");
    outbox.add("to");

    outbox.error({ type: "error", code, title: "Det gikk ikke.", origin_id: "m1", retry_after: null });
    clock.advance(60000);

    assert.deepEqual(
      shown().map(({ originId, state, title }) => [originId, state, title]),
      [
        ["m1", "refused", "Det gikk ikke."],
        ["m2", "unsent", null],
      ],
    );
    assert.equal(ids().filter((id) => id === "m1").length, 1);
  });
}

test("an ended conversation refuses all that waits", () => {
  const { outbox, shown } = setUp();
  outbox.add("en");
  outbox.add("to");

  outbox.error({ type: "error", code: "ended", title: "Samtalen er avsluttet.", origin_id: "m1", retry_after: null });

  assert.deepEqual(states(shown()), ["refused", "refused"]);
});

test("an error about another tab's message changes nothing here", () => {
  const { outbox, shown } = setUp();
  outbox.add("en");

  outbox.error({ type: "error", code: "too_long", title: "", origin_id: "foreign", retry_after: null });
  outbox.error({ type: "error", code: "rate_limited", title: "", origin_id: "foreign", retry_after: 99 });
  outbox.settle("m1");
  outbox.add("to");

  assert.deepEqual(states(shown()), ["new"]);
});

test("a reload brings back what was not acknowledged, with its identifier, order and age", () => {
  const before = setUp({ connected: false });
  before.outbox.add("en");
  before.clock.advance(1000);
  before.outbox.add("to");
  before.clock.advance(5000);

  const after = setUp({ storage: before.storage, clock: before.clock, connected: false });
  after.outbox.start();
  assert.deepEqual(
    after.shown().map(({ originId, body, state }) => [originId, body, state]),
    [
      ["m1", "en", "sending"],
      ["m2", "to", "sending"],
    ],
  );
  after.link.up = true;
  after.outbox.welcome(welcome());
  after.outbox.settle("m1");

  assert.deepEqual(after.ids(), ["m1", "m2"]);
});

test("what is acknowledged or refused leaves no text in the storage", () => {
  const { outbox, storage } = setUp();
  outbox.add("hemmelig en");
  assert.match(storage.getItem(KEY), /hemmelig en/);
  outbox.settle("m1");
  outbox.add("hemmelig to");
  outbox.error({ type: "error", code: "too_long", title: "", origin_id: "m2", retry_after: null });

  assert.equal(storage.getItem(KEY), null);
});

test("clear forgets everything, in the storage too, and sends no more", () => {
  const { outbox, storage, clock, shown, ids } = setUp();
  outbox.add("en");
  outbox.add("to");

  outbox.clear();
  clock.advance(60000);

  assert.equal(storage.getItem(KEY), null);
  assert.deepEqual(shown(), []);
  assert.deepEqual(ids(), ["m1"]);
});

test("discard gives the text back and lets the next one through", () => {
  const { outbox, ids } = setUp();
  outbox.add("en");
  outbox.add("to");

  assert.equal(outbox.discard("m1"), "en");

  assert.deepEqual(ids(), ["m1", "m2"]);
  assert.equal(outbox.discard("nobody"), null);
});

test("a full or forbidden storage does not keep a message from being sent", () => {
  const refuses = () => {
    throw new Error("QuotaExceededError");
  };
  const { outbox, ids, shown } = setUp({ storage: { getItem: refuses, setItem: refuses, removeItem: refuses } });

  outbox.add("en");

  assert.deepEqual(ids(), ["m1"]);
  assert.deepEqual(states(shown()), ["new"]);
});

test("a storage that holds nonsense is read as empty", () => {
  const { outbox } = setUp({ storage: new MemoryStorage({ [KEY]: "{not json" }) });

  assert.deepEqual(outbox.entries, []);
});

// What a clipboard leaves that cuts at 16 bits. The server reads no frame with half an emoji in it.
