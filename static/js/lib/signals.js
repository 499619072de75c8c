/** Small signals that are never stored: composing, paused, displayed. At most one of a kind in three seconds. */

export const SIGNAL_MS = 3000;
export const PAUSE_AFTER_MS = 5000;
export const COMPOSING_SHOWN_MS = 8000;

/**
 * Tells the other party that somebody writes, while she does, and when she stops.
 * @param {object} options
 * @param {function(object): boolean} options.send
 * @param {import("./clock.js").Clock} options.clock
 */
export function createTypingSignal({ send, clock }) {
  let announced = "paused";
  let wanted = "paused";
  let sentAt = -Infinity;
  let timer = null;
  let idle = null;

  function announce() {
    clock.clearTimeout(timer);
    timer = null;
    if (wanted === "paused" && announced === "paused") return;
    const wait = sentAt + SIGNAL_MS - clock.now();
    if (wait > 0) {
      timer = clock.setTimeout(announce, wait);
      return;
    }
    if (!send({ type: wanted })) return;
    announced = wanted;
    sentAt = clock.now();
  }

  function pause() {
    clock.clearTimeout(idle);
    wanted = "paused";
    announce();
  }

  return {
    /** The text changed; an empty field is a pause. */
    changed(text) {
      clock.clearTimeout(idle);
      if (text.trim() === "") {
        pause();
        return;
      }
      wanted = "composing";
      idle = clock.setTimeout(pause, PAUSE_AFTER_MS);
      if (timer === null) announce();
    },
    /** The message itself says that the writing is over. */
    sent() {
      clock.clearTimeout(idle);
      clock.clearTimeout(timer);
      timer = null;
      wanted = announced = "paused";
    },
  };
}

/**
 * Whether the other party writes, as far as her last signal tells.
 * @param {object} options
 * @param {import("./clock.js").Clock} options.clock
 * @param {function(boolean): void} options.onChange
 */
export function createTypingIndicator({ clock, onChange }) {
  let shown = false;
  let timer = null;

  function show(next) {
    clock.clearTimeout(timer);
    if (next) timer = clock.setTimeout(() => show(false), COMPOSING_SHOWN_MS);
    if (next !== shown) {
      shown = next;
      onChange(next);
    }
  }

  return { composing: () => show(true), paused: () => show(false) };
}

/**
 * Tells the server how far the messages have been shown. It stops sending at `window` beyond that, so a long
 * transcript that is being caught up is confirmed at every half window, and otherwise once in three seconds.
 * @param {object} options
 * @param {function(object): boolean} options.send
 * @param {import("./clock.js").Clock} options.clock
 */
export function createReceipts({ send, clock }) {
  let shown = 0;
  let told = 0;
  let sentAt = -Infinity;
  let timer = null;
  let window = 100;

  function tell() {
    clock.clearTimeout(timer);
    timer = null;
    if (shown <= told) return;
    const wait = sentAt + SIGNAL_MS - clock.now();
    if (wait > 0 && shown - told < window / 2) {
      timer = clock.setTimeout(tell, wait);
      return;
    }
    if (!send({ type: "displayed", seq: shown })) return;
    told = shown;
    sentAt = clock.now();
  }

  return {
    shown(seq) {
      if (seq > shown) shown = seq;
      if (timer === null || shown - told >= window / 2) tell();
    },
    welcome(frame) {
      if (frame.limits) window = frame.limits.window;
      told = 0;
      tell();
    },
    reset() {
      clock.clearTimeout(timer);
      timer = null;
      shown = told = 0;
    },
  };
}
