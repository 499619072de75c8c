/**
 * One websocket that comes back by itself, by the rules of docs/protocol.md, "The client". It knows hello, welcome, drain,
 * silence and close codes, and nothing of what the other frames mean. Both the visitor's page and the staff's desk stand on it.
 */

import { backoffDelay } from "./backoff.js";
import { ANSWER_MS, QUIET_MS, SENT_QUIET_MS, welcomeLimit } from "./patience.js";

export const SUBPROTOCOL = "helpline.v1";

/** Closed for good: the server will say the same again however often it is asked. */
const FINAL_CODES = { 1008: "policy", 4401: "token", 4410: "ended" };
const TRY_LATER = 1013;
/** The server answers these at once, so that silence after them means more than silence. */
const ANSWERED = { message: true, sync: true };

/**
 * @param {string} path beginning with "/"
 * @param {Location} location
 * @returns {string} address of a websocket at the page's own origin
 */
export function socketAddress(path, location) {
  return (location.protocol === "https:" ? "wss://" : "ws://") + location.host + path;
}

/**
 * @param {object} options
 * @param {function(): WebSocket} options.openSocket
 * @param {function(): object} options.hello the hello frame, asked for anew at every connect, so that it carries the cursor
 * @param {import("./clock.js").Clock} options.clock
 * @param {function(): number} options.random
 * @param {function(object): void} options.onFrame every frame, the welcome too
 * @param {function(string, ?string): void} options.onStatus "connecting", "ready", "waiting", or "stopped" with
 *   "policy", "token", "ended" or "closed"
 * @param {function(): ?object} [options.question] a frame that the server answers at once, to find out whether it is there;
 *   null when there is none: then silence alone decides
 * @param {function(): number} [options.quietMs] silence after which that is asked
 */
export function createConnection({
  openSocket,
  hello,
  clock,
  random,
  onFrame,
  onStatus,
  question = () => null,
  quietMs = () => QUIET_MS,
}) {
  let socket = null;
  let status = "idle";
  let attempt = 0;
  let openedAt = 0;
  let tookMs = null;
  let lostSince = null;
  let asked = false;
  let expecting = false;
  let retryAfterMs = 0;
  let heldUntil = 0;
  let drainUntil = null;
  let watchdog = null;
  let reconnect = null;

  function setStatus(next, reason = null) {
    if (status === next) return;
    status = next;
    onStatus(next, reason);
  }

  function watch(milliseconds, then) {
    clock.clearTimeout(watchdog);
    watchdog = clock.setTimeout(then, milliseconds);
  }

  /** Nothing has come for a while: is anybody there? */
  function ask() {
    const frame = question();
    if (!frame) return giveUp();
    asked = true;
    socket.send(JSON.stringify(frame));
    watch(ANSWER_MS, giveUp);
  }

  /** Nobody is: seconds have been waited already, so what is drawn now is short. */
  function giveUp() {
    abandonSocket();
    scheduleReconnect(backoffDelay(0, random));
  }

  function lostForMs() {
    return lostSince === null ? 0 : clock.now() - lostSince;
  }

  function jitter() {
    return backoffDelay(attempt, random, lostForMs());
  }

  /** Lets go of the socket without waiting for its close event, which a dead network may hold back for minutes. */
  function abandonSocket() {
    clock.clearTimeout(watchdog);
    if (!socket) return;
    const abandoned = socket;
    socket = null;
    abandoned.onopen = abandoned.onmessage = abandoned.onclose = abandoned.onerror = null;
    abandoned.close(1000);
  }

  function connect() {
    clock.clearTimeout(reconnect);
    reconnect = null;
    drainUntil = null;
    retryAfterMs = 0;
    abandonSocket();
    openedAt = clock.now();
    if (lostSince === null) lostSince = openedAt;
    asked = false;
    setStatus("connecting");
    socket = openSocket();
    socket.onopen = () => socket.send(JSON.stringify(hello()));
    socket.onmessage = (event) => receive(event.data);
    socket.onclose = (event) => onClose(event);
    watch(welcomeLimit(tookMs, lostForMs()), giveUp);
  }

  function receive(text) {
    const frame = JSON.parse(text);
    asked = expecting = false;
    if (frame.type === "welcome") {
      attempt = 0;
      tookMs = clock.now() - openedAt;
      lostSince = null;
      setStatus("ready");
    } else if (frame.type === "drain") {
      drain(frame.reconnect_in);
    } else if (frame.type === "error" && frame.retry_after && !frame.origin_id) {
      retryAfterMs = frame.retry_after * 1000;
    }
    onFrame(frame);
    if (status === "ready" && !expecting) watch(quietMs(), ask);
  }

  /** The server goes away soon: keep this socket until our drawn moment, then move to a new one. */
  function drain(milliseconds) {
    drainUntil = clock.now() + milliseconds;
    clock.clearTimeout(reconnect);
    reconnect = clock.setTimeout(connect, milliseconds);
  }

  function onClose(event) {
    abandonSocket();
    const final = FINAL_CODES[event.code];
    if (final) {
      stop(final);
    } else {
      scheduleReconnect(delayAfter(event));
    }
  }

  function delayAfter(event) {
    if (event.code === TRY_LATER) {
      const told = retryAfterMs || Number.parseFloat(event.reason) * 1000 || 0;
      heldUntil = clock.now() + told;
      return told + (told > 0 ? backoffDelay(0, random) : jitter());
    }
    if (drainUntil !== null) return Math.max(0, drainUntil - clock.now());
    return jitter();
  }

  function scheduleReconnect(milliseconds) {
    attempt += 1;
    if (lostSince === null) lostSince = clock.now();
    clock.clearTimeout(reconnect);
    setStatus("waiting");
    reconnect = clock.setTimeout(connect, milliseconds);
  }

  function stop(reason) {
    clock.clearTimeout(reconnect);
    reconnect = null;
    lostSince = null;
    abandonSocket();
    setStatus("stopped", reason);
  }

  return {
    open() {
      if (status === "idle" || status === "stopped") connect();
    },
    /** @returns {boolean} whether the frame was handed to a socket that has been welcomed */
    send(frame) {
      if (status !== "ready" || !socket || socket.readyState !== 1) return false;
      socket.send(JSON.stringify(frame));
      if (ANSWERED[frame.type] && !asked && !expecting) {
        expecting = true;
        watch(SENT_QUIET_MS, ask);
      }
      return true;
    },
    /** The page is looked at again: do not wait out the delay, and do not trust what slept. */
    nudge() {
      if (status === "waiting" && clock.now() >= heldUntil) connect();
      else if (status === "ready" && !asked && question()) ask();
    },
    /** The socket looks open and nothing comes of it (another network): take a new one. */
    renew() {
      if (status === "ready") connect();
      else this.nudge();
    },
    close() {
      if (status !== "stopped") stop("closed");
    },
    get status() {
      return status;
    },
  };
}
