import assert from "node:assert/strict";
import { test } from "node:test";

import { socketAddress } from "../../static/js/lib/connection.js";
import { opened, setUp } from "./connected.js";
import { welcome } from "./surroundings.js";

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
