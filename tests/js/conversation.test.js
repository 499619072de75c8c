import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

import { createConversation } from "../../static/js/lib/conversation.js";
import { Clock, handles, MemoryStorage, message, network, welcome } from "./surroundings.js";

if (!globalThis.crypto) globalThis.crypto = webcrypto; // node 18 has it behind a flag

function setUp({
  storage = new MemoryStorage(),
  clock = new Clock(),
  identity = { token: "T" },
  role = "visitor",
  epoch = null,
} = {}) {
  const net = network();
  const seen = {
    messages: [],
    outbox: [],
    typing: [],
    status: [],
    queue: [],
    states: [],
    errors: [],
    resets: 0,
    displayed: [],
  };
  const conversation = createConversation({
    identity,
    role,
    epoch,
    openSocket: () => net.open(),
    clock: handles(clock),
    random: () => 0.5,
    storage,
    storageKey: "k",
    on: {
      status: (status) => seen.status.push(status),
      message: (frame) => seen.messages.push(frame.body),
      reset: () => {
        seen.messages = [];
        seen.resets += 1;
      },
      outbox: (entries) => (seen.outbox = entries.map(({ body, state }) => `${body}:${state}`)),
      typing: (shown) => seen.typing.push(shown),
      displayed: (seq) => seen.displayed.push(seq),
      queue: (frame) => seen.queue.push(frame.place),
      state: (frame) => seen.states.push(frame.state),
      error: (frame) => seen.errors.push(frame.code),
    },
  });
  conversation.open();
  net.latest.opens();
  net.latest.receives(welcome());
  return { conversation, net, clock, seen, storage };
}

test("the sign of somebody writing does not outlive the hand-back", () => {
  const { net, seen } = setUp();
  net.latest.receives({ type: "composing", role: "counsellor" });
  net.latest.receives({ type: "state", state: "waiting", counsellor: null, reason: null });
  assert.deepEqual(seen.typing, [true, false]);
});

test("a visitor's hello carries the token, a counsellor's the conversation", () => {
  const visitor = setUp({ epoch: "e1" });
  const counsellor = setUp({ identity: { conversation: "C" }, role: "counsellor" });

  assert.deepEqual(visitor.net.latest.sent[0], { type: "hello", token: "T", epoch: "e1", after: 0 });
  assert.deepEqual(counsellor.net.latest.sent[0], { type: "hello", conversation: "C", epoch: null, after: 0 });
});

test("a message is shown once: waiting until its ack, then as the server numbered it", () => {
  const { conversation, net, seen } = setUp();
  const originId = conversation.send("Hei");
  assert.deepEqual(seen.outbox, ["Hei:new"]);

  net.latest.receives({ type: "ack", origin_id: originId, seq: 1 });
  net.latest.receives(message(1, { role: "visitor", origin_id: originId, body: "Hei" }));

  assert.deepEqual(seen.outbox, []);
  assert.deepEqual(seen.messages, ["Hei"]);
});

test("the own message coming back counts as the ack that was lost with the socket", () => {
  const { conversation, net, clock, seen } = setUp();
  const originId = conversation.send("Hei");
  net.latest.drops(1012);
  clock.advance(1000);
  net.latest.opens();
  net.latest.receives(message(1, { role: "visitor", origin_id: originId, body: "Hei" }));
  net.latest.receives(welcome({ head: 1 }));

  assert.deepEqual(seen.outbox, []);
  assert.equal(net.latest.sentOf("message").length, 0);
});

test("a counsellor's message that bears the same identifier by chance does not settle the visitor's", () => {
  const { conversation, net, seen } = setUp();
  const originId = conversation.send("Hei");

  net.latest.receives(message(1, { role: "counsellor", origin_id: originId }));

  assert.deepEqual(seen.outbox, ["Hei:new"]);
});

test("after a lost link hello resumes behind the last message, and the unsent goes out again with its identifier", () => {
  const { conversation, net, clock } = setUp();
  net.latest.receives(message(1));
  net.latest.receives(message(2));
  const originId = conversation.send("Er du der?");
  net.latest.drops();
  clock.advance(1000);

  net.latest.opens();
  net.latest.receives(welcome({ head: 2 }));

  assert.deepEqual(net.latest.sent[0], { type: "hello", token: "T", epoch: "e1", after: 2 });
  assert.deepEqual(net.latest.sentOf("message"), [{ type: "message", origin_id: originId, body: "Er du der?" }]);
});

test("a reload in mid-air brings the unsent message back and sends it once, with its identifier", () => {
  const before = setUp();
  const originId = before.conversation.send("Hei");
  const after = setUp({ storage: before.storage, clock: before.clock });

  assert.deepEqual(after.seen.outbox, ["Hei:new"]);
  assert.deepEqual(after.net.latest.sentOf("message"), [{ type: "message", origin_id: originId, body: "Hei" }]);
});

test("fifteen seconds of silence from the server end in not sent, and a retry takes a new socket", () => {
  const { conversation, net, clock, seen } = setUp();
  const originId = conversation.send("Hei");
  clock.advance(15000);
  assert.deepEqual(seen.outbox, ["Hei:unsent"]);

  conversation.retry(originId);
  net.latest.opens();
  net.latest.receives(welcome());
  assert.deepEqual(net.latest.sentOf("message"), [{ type: "message", origin_id: originId, body: "Hei" }]);
  net.latest.receives({ type: "ack", origin_id: originId, seq: 1 });

  assert.deepEqual(seen.outbox, []);
});

test("a retry does not wait out the backoff", () => {
  const { conversation, net, clock } = setUp();
  const originId = conversation.send("Hei");
  net.latest.drops();
  const before = net.sockets.length;

  conversation.retry(originId);

  assert.equal(net.sockets.length, before + 1);
  assert.equal(clock.now(), 1000000);
});

test("only the other party's signals are shown, and her message ends them", () => {
  const { net, seen } = setUp();
  net.latest.receives({ type: "composing", role: "visitor" });
  net.latest.receives({ type: "displayed", seq: 1, role: "visitor" });
  assert.deepEqual(seen.typing, []);

  net.latest.receives({ type: "composing", role: "counsellor" });
  net.latest.receives({ type: "displayed", seq: 1, role: "counsellor" });
  net.latest.receives(message(1));

  assert.deepEqual(seen.typing, [true, false]);
  assert.deepEqual(seen.displayed, [1]);
});

test("a lost link hides the writing sign", () => {
  const { net, seen } = setUp();
  net.latest.receives({ type: "composing", role: "counsellor" });

  net.latest.drops();

  assert.deepEqual(seen.typing, [true, false]);
});

test("a gap clears the page and shows the transcript anew", () => {
  const { net, seen, conversation } = setUp();
  [1, 2].forEach((seq) => net.latest.receives(message(seq)));
  conversation.shown(2);

  net.latest.receives({ type: "gap", epoch: "e2" });
  [1, 2, 3].forEach((seq) => net.latest.receives(message(seq)));

  assert.deepEqual(seen.messages, ["text 1", "text 2", "text 3"]);
  assert.equal(seen.resets, 1);
  assert.deepEqual(net.latest.sentOf("sync"), [{ type: "sync", after: 0 }]);
});

test("queue, state and errors reach the page, and a frame of a newer server is let pass", () => {
  const { net, seen } = setUp();
  net.latest.receives({ type: "queue", place: 3, estimate: null, notices: [] });
  net.latest.receives({ type: "state", state: "ended", counsellor: null, reason: "visitor" });
  net.latest.receives({ type: "error", code: "malformed", title: "", origin_id: null, retry_after: null });
  net.latest.receives({ type: "constructor" });
  net.latest.receives({ type: "something_new" });

  assert.deepEqual(seen.queue, [3]);
  assert.deepEqual(seen.states, ["active", "ended"]);
  assert.deepEqual(seen.errors, ["malformed"]);
});

test("twenty messages over a link that breaks at every turn arrive once and in order", () => {
  const { conversation, net, clock, seen } = setUp();
  const kept = []; // the server: first come, numbered; a known identifier gets its old number
  const store = (frame) => {
    if (!kept.includes(frame.origin_id)) kept.push(frame.origin_id);
    return kept.indexOf(frame.origin_id) + 1;
  };
  const wanted = Array.from({ length: 20 }, (_, index) => conversation.send(`text ${index}`));
  const handled = new WeakMap();
  for (let turn = 0; turn < 400 && seen.outbox.length > 0; turn += 1) {
    const socket = net.latest;
    if (socket.readyState === 0) {
      socket.opens();
      socket.receives(welcome({ head: kept.length }));
    }
    const done = handled.get(socket) || 0;
    const frames = socket.sentOf("message").slice(done);
    handled.set(socket, done + frames.length);
    for (const frame of frames) {
      const seq = store(frame);
      if (turn % 3 === 0)
        socket.drops(); // kept, but the answer is lost
      else socket.receives({ type: "ack", origin_id: frame.origin_id, seq });
      if (turn % 3 === 0) break;
    }
    clock.advance(700);
  }

  assert.deepEqual(seen.outbox, []);
  assert.deepEqual(kept, wanted);
});

test("what was not sent when the conversation ended is said to be refused, and the text is not lost from view", () => {
  const { conversation, net, seen, storage } = setUp();
  conversation.send("Er du der?");

  net.latest.drops(4410);

  assert.deepEqual(seen.outbox, ["Er du der?:refused"]);
  assert.equal(storage.getItem("k"), null);
});

test("forget leaves nothing on the device", () => {
  const { conversation, storage } = setUp();
  conversation.send("hemmelig");

  conversation.forget();
  conversation.close();

  assert.equal(storage.getItem("k"), null);
});

test("while the conversation is active, silence is asked about sooner than while she waits", () => {
  const { net, clock } = setUp();
  net.latest.receives({ type: "state", state: "waiting", counsellor: null, reason: null });
  clock.advance(24000);
  assert.deepEqual(net.latest.sentOf("sync"), []);

  net.latest.receives({ type: "state", state: "active", counsellor: "Kari", reason: null });
  net.latest.receives(message(1));
  clock.advance(10000);

  assert.deepEqual(net.latest.sentOf("sync"), [{ type: "sync", after: 1 }]);
});

/** A page that has said "en", "to" and "tre", all acknowledged and shown. */
function withThreeSent() {
  const page = setUp();
  const ids = ["en", "to", "tre"].map((body, index) => {
    const originId = page.conversation.send(body);
    page.net.latest.receives({ type: "ack", origin_id: originId, seq: index + 1 });
    page.net.latest.receives(message(index + 1, { role: "visitor", origin_id: originId, body }));
    return originId;
  });
  return {
    ...page,
    ids,
    own: (seq) => message(seq, { role: "visitor", origin_id: ids[seq - 1], body: ["en", "to", "tre"][seq - 1] }),
  };
}

test("what a restored past lacks is shown to its writer as maybe lost, and sent again only when she asks", () => {
  const { conversation, net, clock, seen, ids, own } = withThreeSent();
  net.latest.drops();
  clock.advance(4000);
  net.latest.opens();
  net.latest.receives(welcome({ epoch: "e2", head: 2 }));
  net.latest.receives({ type: "gap", epoch: "e2" });
  net.latest.receives(own(1));
  assert.deepEqual(seen.outbox, []);
  net.latest.receives(own(2));

  assert.deepEqual(seen.messages, ["en", "to"]);
  assert.deepEqual(seen.outbox, ["tre:lost"]);
  clock.advance(10000);
  assert.deepEqual(net.latest.sentOf("message"), []);
  conversation.retry(ids[2]);
  net.latest.opens();
  net.latest.receives(welcome({ epoch: "e2", head: 2 }));
  assert.deepEqual(
    net.latest.sentOf("message").map((frame) => frame.origin_id),
    [ids[2]],
  );
  net.latest.receives({ type: "ack", origin_id: ids[2], seq: 3 });
  net.latest.receives(own(3));

  assert.deepEqual(seen.messages, ["en", "to", "tre"]);
  assert.deepEqual(seen.outbox, []);
});

test("a past that was replaced under an open socket is compared once the server has said how far it goes", () => {
  const { net, seen, own } = withThreeSent();
  net.latest.receives({ type: "gap", epoch: "e2" });
  net.latest.receives(own(1));
  assert.deepEqual(seen.outbox, []);
  net.latest.receives({ type: "head", head: 1 });

  assert.deepEqual(seen.outbox, ["to:lost", "tre:lost"]);
});

test("a restored past that has everything loses nothing", () => {
  const { net, clock, seen, own } = withThreeSent();
  net.latest.drops();
  clock.advance(4000);
  net.latest.opens();
  net.latest.receives(welcome({ epoch: "e2", head: 3 }));
  [1, 2, 3].forEach((seq) => {
    net.latest.receives(own(seq));
  });

  assert.deepEqual(seen.messages, ["en", "to", "tre"]);
  assert.deepEqual(seen.outbox, []);
});

test("a message that was acknowledged and never came back is lost too when the past is replaced", () => {
  const { conversation, net, seen } = setUp();
  const originId = conversation.send("bare kvittert");
  net.latest.receives({ type: "ack", origin_id: originId, seq: 1 });
  net.latest.receives({ type: "gap", epoch: "e2" });
  net.latest.receives({ type: "head", head: 0 });

  assert.deepEqual(seen.outbox, ["bare kvittert:lost"]);
});

test("what may be lost is not kept in the tab's storage, and goes with the conversation", () => {
  const { conversation, net, seen, storage } = withThreeSent();
  net.latest.receives({ type: "gap", epoch: "e2" });
  net.latest.receives({ type: "head", head: 0 });
  assert.equal(seen.outbox.length, 3);
  assert.equal(storage.getItem("k"), null);

  conversation.forget();

  assert.deepEqual(seen.outbox, []);
});
