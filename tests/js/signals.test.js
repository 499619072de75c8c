import assert from "node:assert/strict";
import { test } from "node:test";

import { createReceipts, createTypingIndicator, createTypingSignal } from "../../static/js/lib/signals.js";
import { Clock, handles, welcome } from "./surroundings.js";

function setUpTyping() {
  const clock = new Clock();
  const start = clock.now();
  const sent = [];
  const link = { up: true };
  const signal = createTypingSignal({
    clock: handles(clock),
    send: (frame) => link.up && sent.push([frame.type, clock.now() - start]) > 0,
  });
  return { clock, sent, signal, link };
}

test("the first letter is told at once and steady writing once in three seconds", () => {
  const { clock, sent, signal } = setUpTyping();
  for (let key = 0; key <= 70; key += 1) {
    signal.changed("x".repeat(key + 1));
    clock.advance(100);
  }

  assert.deepEqual(sent, [
    ["composing", 0],
    ["composing", 3000],
    ["composing", 6000],
  ]);
});

test("five seconds of rest are told as paused", () => {
  const { clock, sent, signal } = setUpTyping();
  signal.changed("Hei");

  clock.advance(20000);

  assert.deepEqual(sent, [
    ["composing", 0],
    ["paused", 5000],
  ]);
});

test("an emptied field is a pause, told when the three seconds are over", () => {
  const { clock, sent, signal } = setUpTyping();
  signal.changed("H");
  clock.advance(500);
  signal.changed("");

  clock.advance(20000);

  assert.deepEqual(sent, [
    ["composing", 0],
    ["paused", 3000],
  ]);
});

test("blanks alone are not writing", () => {
  const { clock, sent, signal } = setUpTyping();
  signal.changed("  \n ");
  clock.advance(20000);

  assert.deepEqual(sent, []);
});

test("sending ends the writing without a signal of its own, and the next letter is told anew", () => {
  const { clock, sent, signal } = setUpTyping();
  signal.changed("Hei");
  clock.advance(4000);
  signal.sent();
  clock.advance(20000);
  assert.deepEqual(sent, [["composing", 0]]);

  signal.changed("J");

  assert.deepEqual(sent[1], ["composing", 24000]);
});

test("however wildly she writes and erases, no two signals are closer than three seconds", () => {
  const { clock, sent, signal } = setUpTyping();
  for (let step = 0; step < 300; step += 1) {
    signal.changed(step % 3 === 0 ? "" : "tekst");
    clock.advance(170);
  }

  const gaps = sent.slice(1).map(([, at], index) => at - sent[index][1]);
  assert.ok(gaps.length > 5);
  assert.ok(
    gaps.every((gap) => gap >= 3000),
    String(gaps),
  );
});

test("without a link nothing counts as told", () => {
  const { clock, sent, signal, link } = setUpTyping();
  link.up = false;
  signal.changed("H");
  link.up = true;

  clock.advance(200);
  signal.changed("He");

  assert.deepEqual(sent, [["composing", 200]]);
});

function setUpIndicator() {
  const clock = new Clock();
  const shown = [];
  return {
    clock,
    shown,
    indicator: createTypingIndicator({ clock: handles(clock), onChange: (on) => shown.push(on) }),
  };
}

test("the indicator shows on composing and hides on paused", () => {
  const { shown, indicator } = setUpIndicator();
  indicator.paused();
  indicator.composing();
  indicator.composing();
  indicator.paused();

  assert.deepEqual(shown, [true, false]);
});

test("the indicator hides by itself when the signals stop", () => {
  const { clock, shown, indicator } = setUpIndicator();
  indicator.composing();
  clock.advance(7000);
  indicator.composing();
  clock.advance(7999);
  assert.deepEqual(shown, [true]);
  clock.advance(1);

  assert.deepEqual(shown, [true, false]);
});

function setUpReceipts() {
  const clock = new Clock();
  const start = clock.now();
  const sent = [];
  const link = { up: true };
  const receipts = createReceipts({
    clock: handles(clock),
    send: (frame) => link.up && sent.push([frame.seq, clock.now() - start]) > 0,
  });
  receipts.welcome(welcome());
  return { clock, sent, receipts, link };
}

test("the first shown message is told at once, the following together after three seconds", () => {
  const { clock, sent, receipts } = setUpReceipts();
  [1, 2, 3, 4].forEach((seq) => receipts.shown(seq));

  clock.advance(10000);

  assert.deepEqual(sent, [
    [1, 0],
    [4, 3000],
  ]);
});

test("an older message shown again is not told", () => {
  const { clock, sent, receipts } = setUpReceipts();
  receipts.shown(5);
  clock.advance(5000);
  receipts.shown(3);
  receipts.shown(5);
  clock.advance(5000);

  assert.deepEqual(sent, [[5, 0]]);
});

test("a long transcript is confirmed at every half window, so that the server never stops", () => {
  const { sent, receipts } = setUpReceipts();
  for (let seq = 1; seq <= 500; seq += 1) {
    receipts.shown(seq);
    const told = sent[sent.length - 1][0];
    assert.ok(seq - told < 100, `${seq} shown, ${told} told`);
  }

  assert.ok(sent.length <= 11, `${sent.length} confirmations`);
});

test("after a reconnect the last shown is told again, and after a reset nothing is", () => {
  const { clock, sent, receipts, link } = setUpReceipts();
  receipts.shown(3);
  clock.advance(5000);
  link.up = false;
  receipts.shown(4);
  link.up = true;
  receipts.welcome(welcome());
  assert.deepEqual(
    sent.map(([seq]) => seq),
    [3, 4],
  );

  receipts.reset();
  clock.advance(5000);
  receipts.welcome(welcome());

  assert.deepEqual(
    sent.map(([seq]) => seq),
    [3, 4],
  );
});
