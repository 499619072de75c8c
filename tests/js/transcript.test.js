import assert from "node:assert/strict";
import { test } from "node:test";

import { createTranscript } from "../../static/js/lib/transcript.js";
import { message, welcome } from "./surroundings.js";

function setUp({ epoch = null } = {}) {
  const sent = [];
  let shown = [];
  let resets = 0;
  const transcript = createTranscript({
    epoch,
    send: (frame) => sent.push(frame),
    onMessage: (frame) => shown.push(frame.seq),
    onReset: () => {
      shown = [];
      resets += 1;
    },
  });
  return { transcript, sent, shown: () => shown, resets: () => resets };
}

test("messages in order are shown in order", () => {
  const { transcript, shown, sent } = setUp();
  transcript.welcome(welcome());

  [1, 2, 3].forEach((seq) => transcript.message(message(seq)));

  assert.deepEqual(shown(), [1, 2, 3]);
  assert.deepEqual(sent, []);
});

test("a message that is here already is not shown twice", () => {
  const { transcript, shown } = setUp();
  [1, 2, 2, 1, 3].forEach((seq) => transcript.message(message(seq)));

  assert.deepEqual(shown(), [1, 2, 3]);
});

test("a hole is asked for once, and nothing beyond it is shown", () => {
  const { transcript, shown, sent } = setUp();
  transcript.message(message(1));

  [3, 4, 5].forEach((seq) => transcript.message(message(seq)));

  assert.deepEqual(shown(), [1]);
  assert.deepEqual(sent, [{ type: "sync", after: 1 }]);
});

test("after the hole is filled the next one is asked for anew", () => {
  const { transcript, shown, sent } = setUp();
  [1, 3, 2, 3, 4, 6, 5, 6].forEach((seq) => transcript.message(message(seq)));

  assert.deepEqual(shown(), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(sent, [
    { type: "sync", after: 1 },
    { type: "sync", after: 4 },
  ]);
});

test("a heartbeat that is ahead asks, again at each beat until it is answered", () => {
  const { transcript, sent } = setUp();
  transcript.message(message(1));

  transcript.head({ type: "head", head: 1 });
  assert.deepEqual(sent, []);
  transcript.head({ type: "head", head: 2 });
  transcript.head({ type: "head", head: 2 });

  assert.deepEqual(sent, [
    { type: "sync", after: 1 },
    { type: "sync", after: 1 },
  ]);
});

test("a gap drops everything and asks from the beginning with the new epoch", () => {
  const { transcript, sent, shown, resets } = setUp();
  transcript.welcome(welcome());
  [1, 2].forEach((seq) => transcript.message(message(seq)));

  transcript.gap({ type: "gap", epoch: "e2" });
  assert.deepEqual(shown(), []);
  [1, 2, 3].forEach((seq) => transcript.message(message(seq)));

  assert.equal(transcript.epoch, "e2");
  assert.equal(resets(), 1);
  assert.deepEqual(sent, [{ type: "sync", after: 0 }]);
  assert.deepEqual(shown(), [1, 2, 3]);
});

test("a welcome with another epoch is a gap too", () => {
  const { transcript, sent, resets } = setUp({ epoch: "e1" });
  transcript.message(message(1));

  transcript.welcome(welcome({ epoch: "e2", head: 4 }));

  assert.equal(resets(), 1);
  assert.equal(transcript.last, 0);
  assert.deepEqual(sent, [{ type: "sync", after: 0 }]);
});

test("a gap with nothing to drop resets nothing", () => {
  const { transcript, resets } = setUp({ epoch: "e1" });
  transcript.welcome(welcome());

  transcript.gap({ type: "gap", epoch: "e1" });

  assert.equal(resets(), 0);
});

test("a welcome after a lost link forgets the unanswered question", () => {
  const { transcript, sent } = setUp();
  transcript.welcome(welcome());
  transcript.message(message(2));
  transcript.welcome(welcome());

  transcript.message(message(2));

  assert.deepEqual(sent, [
    { type: "sync", after: 0 },
    { type: "sync", after: 0 },
  ]);
});

test("any order of arrival, with doubles and repeats on request, ends in the same transcript", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    let state = seed;
    const random = () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    const { transcript, shown, sent } = setUp();
    const wire = Array.from({ length: 12 }, (_, index) => index + 1).sort(() => random() - 0.5);
    wire.filter(() => random() > 0.3).forEach((seq) => transcript.message(message(seq)));

    for (let beat = 0; beat < 20 && transcript.last < 12; beat += 1) {
      sent.length = 0;
      transcript.head({ type: "head", head: 12 });
      assert.deepEqual(sent, [{ type: "sync", after: transcript.last }]);
      for (let seq = sent[0].after + 1; seq <= 12; seq += 1) if (random() > 0.2) transcript.message(message(seq));
    }

    assert.deepEqual(
      shown(),
      Array.from({ length: 12 }, (_, index) => index + 1),
      `seed ${seed}`,
    );
  }
});
