import assert from "node:assert/strict";
import { test } from "node:test";

import { opened } from "./connected.js";

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
