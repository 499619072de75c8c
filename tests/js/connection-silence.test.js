import assert from "node:assert/strict";
import { test } from "node:test";

import { opened } from "./connected.js";

const SYNC = { type: "sync", after: 0 };

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
