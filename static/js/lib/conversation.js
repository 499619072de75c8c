/** One conversation over one connection: the parts put together. The visitor's page has one, the staff's desk several. */

import { createConnection } from "./connection.js";
import { newIdentifier } from "./identifier.js";
import { createOutbox } from "./outbox.js";
import { ACTIVE_QUIET_MS, QUIET_MS } from "./patience.js";
import { createRemembered } from "./remembered.js";
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
 * @param {?string} [options.tooLong] what is said of a message that no frame holds
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
  tooLong = null,
  on,
}) {
  const tell = (name, ...values) => (on[name] ? on[name](...values) : undefined);
  const send = (frame) => connection.send(frame);
  let active = false;
  let newHead = null;

  const outbox = createOutbox({
    send,
    clock,
    newIdentifier,
    storage,
    storageKey,
    tooLong,
    onChange: (entries) => tell("outbox", entries),
  });
  const remembered = createRemembered({ onLost: (lost) => outbox.lose(lost) });
  const receipts = createReceipts({ send, clock });
  const typing = createTypingSignal({ send, clock });
  const indicator = createTypingIndicator({ clock, onChange: (shown) => tell("typing", shown) });
  const transcript = createTranscript({
    epoch,
    send,
    onMessage: (message) => {
      if (message.role === role) {
        remembered.keep(message.origin_id, message.body);
        outbox.settle(message.origin_id);
      } else indicator.paused();
      tell("message", message);
    },
    onReset: () => {
      newHead = null;
      remembered.startOver();
      receipts.reset();
      tell("reset");
    },
  });

  /** The server has said how far the conversation goes: what it lacks after that is lost. */
  function reach(head) {
    newHead = head;
    lookBack();
  }

  function lookBack() {
    if (newHead !== null && transcript.last >= newHead) remembered.caughtUp();
  }

  function acknowledge(originId) {
    const entry = outbox.entries.find((candidate) => candidate.originId === originId);
    if (entry) remembered.keep(originId, entry.body);
    outbox.settle(originId);
  }

  const handlers = {
    welcome(frame) {
      transcript.welcome(frame);
      reach(frame.head);
      receipts.welcome(frame);
      outbox.welcome(frame);
      active = frame.state === "active";
      tell("limits", frame.limits);
      tell("state", { type: "state", state: frame.state, counsellor: null, reason: null, welcome: true });
    },
    ack: (frame) => acknowledge(frame.origin_id),
    message(frame) {
      transcript.message(frame);
      lookBack();
    },
    head(frame) {
      transcript.head(frame);
      reach(frame.head);
    },
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
    forget() {
      remembered.forget();
      outbox.clear();
    },
    writing: (text) => typing.changed(text),
    shown: (seq) => receipts.shown(seq),
  };
}
