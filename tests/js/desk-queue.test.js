import assert from "node:assert/strict";
import { test } from "node:test";

import { createQueue, FALLBACK_MS, REFRESH_MS } from "../../static/js/lib/desk-queue.js";
import { Clock, handles } from "./surroundings.js";

/** A server that answers when the test says so. */
function deskWithQueue() {
  const clock = new Clock();
  const asked = [];
  const queue = createQueue({
    clock: handles(clock),
    fetchQueue: () => new Promise((resolve, reject) => asked.push({ resolve, reject })),
  });
  const answer = async () => {
    asked.at(-1).resolve();
    await settled();
  };
  return { clock, asked, queue, answer };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("without a socket the queue is asked for every ten seconds", async () => {
  const { clock, asked, queue, answer } = deskWithQueue();
  queue.start();
  clock.advance(FALLBACK_MS);
  assert.equal(asked.length, 1);
  await answer();
  clock.advance(FALLBACK_MS);
  assert.equal(asked.length, 2);
});

test("with a socket it is asked for at once, and then once a minute", async () => {
  const { clock, asked, queue, answer } = deskWithQueue();
  queue.start();
  queue.setLive(true);
  assert.equal(asked.length, 1);
  await answer();
  clock.advance(FALLBACK_MS * 2);
  assert.equal(asked.length, 1);
  clock.advance(REFRESH_MS);
  assert.equal(asked.length, 2);
});

test("changes during a request are looked at once, right after it", async () => {
  const { asked, queue, answer } = deskWithQueue();
  queue.refresh();
  queue.refresh();
  queue.refresh();
  assert.equal(asked.length, 1);
  await answer();
  assert.equal(asked.length, 2);
  await answer();
  assert.equal(asked.length, 2);
});

test("a request that fails is followed by the next", async () => {
  const { clock, asked, queue } = deskWithQueue();
  queue.refresh();
  asked.at(-1).reject(new Error("offline"));
  await settled();
  clock.advance(FALLBACK_MS);
  assert.equal(asked.length, 2);
});

test("when the socket goes, the ten seconds begin", async () => {
  const { clock, asked, queue, answer } = deskWithQueue();
  queue.setLive(true);
  await answer();
  queue.setLive(false);
  clock.advance(FALLBACK_MS);
  assert.equal(asked.length, 2);
});
