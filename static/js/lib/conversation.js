/** One conversation over one connection: the parts put together. The visitor's page has one, the staff's desk several. */

import { createConnection } from "./connection.js";
import { newIdentifier } from "./identifier.js";
import { createOutbox } from "./outbox.js";
import { ACTIVE_QUIET_MS, QUIET_MS } from "./patience.js";
import { createReceipts, createTypingIndicator, createTypingSignal } from "./signals.js";
import { createTranscript } from "./transcript.js";

/**
 * @param {object} options
 * @param {object} options.identity what hello carries beside the cursor: {token} or {conversation}
 * @param {string} options.role one's own: "visitor" or "counsellor"
 * @param {?string} [options.epoch] the epoch that the conversation was opened with, when it is known
 * @param {function(): WebSocket} options.openSocket
 * @param {import("./clock.js").Clock} options.clock
 * @param {function(): number} options.random
 * @param {Storage} options.storage
 * @param {string} options.storageKey where unsent messages survive a reload
 * @param {object} options.on what to show; each may be left out:
 *   status(name, reason), message(message), reset(), outbox(entries), typing(boolean), displayed(seq),
 *   queue(frame), state(frame), limits(limits), error(frame)
 */
export function createConversation({
  identity,
  role,
  epoch = null,
  openSocket,
  clock,
  random,
  storage,
  storageKey,
  on,
}) {
  const tell = (name, ...values) => (on[name] ? on[name](...values) : undefined);
  const send = (frame) => connection.send(frame);
  let active = false;

  const outbox = createOutbox({
    send,
    clock,
    newIdentifier,
    storage,
    storageKey,
    onChange: (entries) => tell("outbox", entries),
  });
  const receipts = createReceipts({ send, clock });
  const typing = createTypingSignal({ send, clock });
  const indicator = createTypingIndicator({ clock, onChange: (shown) => tell("typing", shown) });
  const transcript = createTranscript({
    epoch,
    send,
    onMessage: (message) => {
      if (message.role === role) outbox.settle(message.origin_id);
      else indicator.paused();
      tell("message", message);
    },
    onReset: () => {
      receipts.reset();
      tell("reset");
    },
  });

  const handlers = {
    welcome(frame) {
      transcript.welcome(frame);
      receipts.welcome(frame);
      outbox.welcome(frame);
      active = frame.state === "active";
      tell("limits", frame.limits);
      tell("state", { type: "state", state: frame.state, counsellor: null, reason: null, welcome: true });
    },
    ack: (frame) => outbox.settle(frame.origin_id),
    message: (frame) => transcript.message(frame),
    head: (frame) => transcript.head(frame),
    gap: (frame) => transcript.gap(frame),
    composing: (frame) => frame.role !== role && indicator.composing(),
    paused: (frame) => frame.role !== role && indicator.paused(),
    displayed: (frame) => frame.role !== role && tell("displayed", frame.seq),
    queue: (frame) => tell("queue", frame),
    state(frame) {
      // Whoever wrote may not be the other party any more.
      indicator.paused();
      active = frame.state === "active";
      tell("state", frame);
    },
    error(frame) {
      outbox.error(frame);
      tell("error", frame);
    },
  };

  const connection = createConnection({
    openSocket,
    clock,
    random,
    hello: () => ({ type: "hello", ...identity, epoch: transcript.epoch, after: transcript.last }),
    question: () => ({ type: "sync", after: transcript.last }),
    quietMs: () => (active ? ACTIVE_QUIET_MS : QUIET_MS),
    onFrame: (frame) => {
      // A newer server may say more than this page understands.
      if (Object.keys(handlers).includes(frame.type)) handlers[frame.type](frame);
    },
    onStatus: (status, reason) => {
      if (status !== "ready") {
        outbox.disconnected();
        indicator.paused();
      }
      if (status === "stopped" && reason === "ended") outbox.error({ type: "error", code: "ended", title: null });
      tell("status", status, reason);
    },
  });

  return {
    open() {
      outbox.start();
      connection.open();
    },
    close: () => connection.close(),
    nudge: () => connection.nudge(),
    renew: () => connection.renew(),
    send(body) {
      typing.sent();
      return outbox.add(body);
    },
    retry(originId) {
      connection.renew();
      outbox.retry(originId);
    },
    discard: (originId) => outbox.discard(originId),
    forget: () => outbox.clear(),
    writing: (text) => typing.changed(text),
    shown: (seq) => receipts.shown(seq),
  };
}
