import assert from "node:assert/strict";
import { test } from "node:test";

import { createConnection, socketAddress } from "../../static/js/lib/connection.js";
import { Clock, handles, network, welcome } from "./surroundings.js";

const SYNC = { type: "sync", after: 0 };

function setUp({ random = () => 0.5, question, quietMs } = {}) {
  const clock = new Clock();
  const net = network();
  const statuses = [];
  const frames = [];
  let after = 0;
  const connection = createConnection({
    openSocket: () => net.open(),
    hello: () => ({ type: "hello", token: "t", epoch: null, after }),
    clock: handles(clock),
    random,
    question,
    quietMs,
    onFrame: (frame) => frames.push(frame),
    onStatus: (status, reason) => statuses.push(reason ? `${status}:${reason}` : status),
  });
  return { clock, net, statuses, frames, connection, moveCursor: (to) => (after = to) };
}

function opened(options) {
  const world = setUp(options);
  world.connection.open();
  world.net.latest.opens();
  world.net.latest.receives(welcome());
  return world;
}

test("the first frame is hello, and nothing else is sent before the welcome", () => {
  const { connection, net, statuses } = setUp();
  connection.open();
  net.latest.opens();

  const handedOver = connection.send({ type: "message" });

  assert.equal(handedOver, false);
  assert.deepEqual(net.latest.sent, [{ type: "hello", token: "t", epoch: null, after: 0 }]);
  assert.deepEqual(statuses, ["connecting"]);
});

test("after the welcome frames go out and come in", () => {
  const { connection, net, statuses, frames } = opened();

  assert.equal(connection.send({ type: "sync", after: 3 }), true);
  net.latest.receives({ type: "head", head: 4 });

  assert.deepEqual(net.latest.sentOf("sync"), [{ type: "sync", after: 3 }]);
  assert.deepEqual(
    frames.map((frame) => frame.type),
    ["welcome", "head"],
  );
  assert.deepEqual(statuses, ["connecting", "ready"]);
});

test("hello carries the cursor of the moment, not of the first connect", () => {
  const { clock, net, moveCursor } = opened();
  moveCursor(17);

  net.latest.drops();
  clock.advance(500);
  net.latest.opens();

  assert.equal(net.latest.sent[0].after, 17);
});

test("failed tries are spaced by full jitter, and a welcome starts the count anew", () => {
  const { clock, net } = opened();
  for (const expected of [500, 1000, 2000, 2000, 2000, 2000, 2000]) {
    net.latest.drops();
    const before = net.sockets.length;
    clock.advance(expected - 1);
    assert.equal(net.sockets.length, before, `not before ${expected} ms`);
    clock.advance(1);
    assert.equal(net.sockets.length, before + 1, `at ${expected} ms`);
  }
  net.latest.opens();
  net.latest.receives(welcome());
  net.latest.drops();
  const before = net.sockets.length;

  clock.advance(500);

  assert.equal(net.sockets.length, before + 1);
});

test("a heartbeat keeps the link alive", () => {
  const { clock, net } = opened();

  for (let beat = 0; beat < 10; beat += 1) {
    clock.advance(20000);
    net.latest.receives({ type: "head", head: 0 });
  }

  assert.equal(net.sockets.length, 1);
  assert.equal(net.latest.closedWith, null);
});

test("what a given-up socket still says is not heard", () => {
  const { clock, net, frames } = opened();
  const dead = net.latest;
  const hear = dead.onmessage;
  clock.advance(25000);

  assert.equal(dead.onmessage, null);
  assert.notEqual(hear, null);
  assert.equal(frames.length, 1);
});

test("without a question, twenty-five seconds without a frame are taken for a dead link", () => {
  const { clock, net, statuses } = opened();

  clock.advance(24999);
  assert.equal(net.sockets[0].closedWith, null);
  clock.advance(1);

  assert.equal(net.sockets[0].closedWith, 1000);
  assert.equal(statuses[statuses.length - 1], "waiting");
  clock.advance(500);
  assert.equal(net.sockets.length, 2);
});

test("silence is asked about, and without an answer the link is dead", () => {
  const { clock, net } = opened({ question: () => SYNC, quietMs: () => 10000 });

  clock.advance(9999);
  assert.deepEqual(net.latest.sentOf("sync"), []);
  clock.advance(1);
  assert.deepEqual(net.latest.sentOf("sync"), [SYNC]);
  clock.advance(2999);
  assert.equal(net.sockets[0].closedWith, null);
  clock.advance(1 + 500);

  assert.equal(net.sockets[0].closedWith, 1000);
  assert.equal(net.sockets.length, 2);
});

test("any answer to the question keeps the link", () => {
  const { clock, net } = opened({ question: () => SYNC, quietMs: () => 10000 });

  for (let round = 0; round < 5; round += 1) {
    clock.advance(10000 + 2000);
    net.latest.receives({ type: "head", head: 0 });
  }

  assert.equal(net.sockets.length, 1);
  assert.equal(net.latest.sentOf("sync").length, 5);
});

test("silence after a message is asked about soon, and the link is given up within five seconds", () => {
  const { clock, net, connection } = opened({ question: () => SYNC });
  clock.advance(7000);

  connection.send({ type: "message" });
  clock.advance(2000);
  assert.equal(net.latest.sentOf("sync").length, 1);
  connection.send({ type: "message" });
  clock.advance(2999);
  assert.equal(net.sockets[0].closedWith, null);
  clock.advance(1);

  assert.equal(net.sockets[0].closedWith, 1000);
});

test("what needs no answer does not shorten the patience", () => {
  const { clock, net, connection } = opened({ question: () => SYNC });

  connection.send({ type: "composing" });
  clock.advance(24999);

  assert.deepEqual(net.latest.sentOf("sync"), []);
});

test("a page that is looked at again asks, once, and does not drop what lives", () => {
  const { clock, net, connection } = opened({ question: () => SYNC });

  connection.nudge();
  connection.nudge();
  assert.equal(net.latest.sentOf("sync").length, 1);
  net.latest.receives({ type: "head", head: 0 });
  clock.advance(20000);

  assert.equal(net.sockets.length, 1);
});

test("the first try of all is given up after fifteen seconds", () => {
  const { clock, net, connection } = setUp();
  connection.open();

  clock.advance(14999);
  assert.equal(net.sockets[0].closedWith, null);
  clock.advance(1 + 500);

  assert.equal(net.sockets.length, 2);
  assert.equal(net.sockets[0].closedWith, 1000);
});

test("once it has been quick, a try without a welcome is given up after four seconds", () => {
  const { clock, net } = opened();
  net.latest.drops();
  clock.advance(500);
  net.latest.opens();

  clock.advance(3999);
  assert.equal(net.latest.closedWith, null);
  clock.advance(1);

  assert.equal(net.latest.closedWith, 1000);
});

test("on a slow link a try is given twice what the last one took", () => {
  const { clock, net, connection } = setUp();
  connection.open();
  clock.advance(3000);
  net.latest.opens();
  net.latest.receives(welcome());
  net.latest.drops();
  clock.advance(500);

  clock.advance(5999);
  assert.equal(net.latest.closedWith, null);
  clock.advance(1);

  assert.equal(net.latest.closedWith, 1000);
});

/** Tries against a network that swallows everything, until it heals; how long after that the welcome came. */
function healsAfter(outageMs, seed) {
  let state = seed;
  const random = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const { clock, net } = opened({ random, question: () => SYNC, quietMs: () => 10000 });
  clock.advance(outageMs);
  const healedAt = clock.now();
  // The one that was under way had its first packet lost; every later one gets through.
  const before = net.sockets.length;
  while (net.sockets.length === before) clock.advance(10);
  return clock.now() - healedAt;
}

test("after an outage of half a minute to a minute the next try begins within five seconds", () => {
  const late = [];
  for (let seed = 1; seed <= 400; seed += 1) late.push(healsAfter(30000 + 75 * seed, seed));

  late.sort((a, b) => a - b);
  assert.ok(late[379] <= 4900, `p95 ${late[379]} ms`);
  assert.ok(late[399] <= 5010, `worst ${late[399]} ms`);
});

for (const [code, reason] of [
  [1008, "policy"],
  [4401, "token"],
  [4410, "ended"],
]) {
  test(`close code ${code} stops for good`, () => {
    const { clock, net, statuses, connection } = opened();

    net.latest.drops(code);
    clock.advance(3600000);
    connection.nudge();

    assert.equal(net.sockets.length, 1);
    assert.equal(statuses[statuses.length - 1], `stopped:${reason}`);
  });
}

test("close code 1012 resumes within the first jitter", () => {
  const { clock, net } = opened();

  net.latest.drops(1012);
  clock.advance(1000);

  assert.equal(net.sockets.length, 2);
});

test("close code 1013 waits as long as the server's error told, and a nudge does not shorten it", () => {
  const { clock, net, connection } = opened();
  net.latest.receives({ type: "error", code: "unavailable", title: "Prøv igjen", origin_id: null, retry_after: 20 });

  net.latest.drops(1013);
  connection.nudge();
  clock.advance(20000);
  assert.equal(net.sockets.length, 1);
  clock.advance(500);

  assert.equal(net.sockets.length, 2);
});

test("close code 1013 takes the seconds from the close reason as well", () => {
  const { clock, net } = opened();

  net.latest.drops(1013, "7");
  clock.advance(6999);
  assert.equal(net.sockets.length, 1);
  clock.advance(501);

  assert.equal(net.sockets.length, 2);
});

test("close code 1013 without a time falls back on the backoff", () => {
  const { clock, net } = opened();

  net.latest.drops(1013);
  clock.advance(500);

  assert.equal(net.sockets.length, 2);
});

test("an error that had a time long ago does not hold back a nudge after an ordinary loss", () => {
  const { net, connection } = opened();
  net.latest.receives({ type: "error", code: "rate_limited", title: "", origin_id: null, retry_after: 60 });
  net.latest.drops();

  connection.nudge();

  assert.equal(net.sockets.length, 2);
});

test("drain keeps the socket until the drawn moment and then moves", () => {
  const { clock, net, connection } = opened();

  net.latest.receives({ type: "drain", reconnect_in: 4000 });
  clock.advance(3999);
  assert.equal(connection.send({ type: "sync", after: 0 }), true);
  assert.equal(net.sockets.length, 1);
  clock.advance(1);

  assert.equal(net.sockets.length, 2);
  assert.equal(net.sockets[0].closedWith, 1000);
});

test("a socket closed during drain is replaced at the drawn moment, not at once", () => {
  const { clock, net } = opened();
  net.latest.receives({ type: "drain", reconnect_in: 4000 });
  clock.advance(1000);

  net.latest.drops(1012);
  clock.advance(2999);
  assert.equal(net.sockets.length, 1);
  clock.advance(1);

  assert.equal(net.sockets.length, 2);
});

test("when the server is not back after drain, the tries are spaced again", () => {
  const { clock, net } = opened();
  net.latest.receives({ type: "drain", reconnect_in: 1000 });
  clock.advance(1000);

  net.latest.drops();
  clock.advance(499);
  assert.equal(net.sockets.length, 2);
  clock.advance(1);
  net.latest.drops();
  clock.advance(999);

  assert.equal(net.sockets.length, 3);
});

test("a nudge tries at once, but only while a try is waited for", () => {
  const { net, connection } = opened({ random: () => 0.9 });
  connection.nudge();
  assert.equal(net.sockets.length, 1);

  net.latest.drops();
  connection.nudge();
  connection.nudge();

  assert.equal(net.sockets.length, 2);
});

test("close lets go and stays closed until it is opened again", () => {
  const { clock, net, connection, statuses } = opened();

  connection.close();
  clock.advance(120000);
  assert.equal(net.sockets.length, 1);
  assert.equal(statuses[statuses.length - 1], "stopped:closed");
  connection.open();

  assert.equal(net.sockets.length, 2);
});

test("the address keeps the page's own host and its safety", () => {
  assert.equal(
    socketAddress("/ws/visitor/", { protocol: "https:", host: "chat.example.no" }),
    "wss://chat.example.no/ws/visitor/",
  );
  assert.equal(
    socketAddress("/ws/visitor/", { protocol: "http:", host: "localhost:8000" }),
    "ws://localhost:8000/ws/visitor/",
  );
});

test("a socket that looks open is renewed at once, and one that is waited for is not waited for", () => {
  const { net, connection } = opened({ random: () => 0.9 });

  connection.renew();
  assert.equal(net.sockets.length, 2);
  assert.equal(net.sockets[0].closedWith, 1000);
  net.latest.drops();
  connection.renew();

  assert.equal(net.sockets.length, 3);
});
