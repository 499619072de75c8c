/**
 * What the user has written and the server has not yet said it keeps. One message is under way at a time, so that nothing
 * overtakes; each keeps its identifier over retries, reconnects and reloads, so that nothing is doubled.
 */

export const SENDING_AFTER_MS = 5000;
export const NOT_SENT_AFTER_MS = 15000;
export const RETRY_MS = 5000;

const DEFAULT_LIMITS = { frame: 16384, burst: 5, per_second: 1 };
const WAIT_CODES = { rate_limited: true, unavailable: true };

/** Half an emoji, as a clipboard leaves it that cuts at 16 bits: the server cannot read a frame with one in it. */
function mend(text) {
  return text.replace(/[\ud800-\udfff]/gu, "\ufffd"); // with "u" whole pairs do not match
}

/** Bytes of a frame on the wire. Not every browser of 2018 has a TextEncoder. */
function countBytes(frame) {
  return encodeURIComponent(JSON.stringify(frame)).replace(/%../g, "x").length;
}

function frameOf({ originId, body }) {
  return { type: "message", origin_id: originId, body };
}

/**
 * @typedef {{originId: string, body: string, since: number, state: string, title: ?string}} Entry
 *   state: "new" (nothing to say yet), "sending" (5 s), "unsent" (15 s; still tried), "refused" (final),
 *   "lost" (had arrived, and the server lacks it after a restore: sent again only when asked)
 *
 * @param {object} options
 * @param {function(object): boolean} options.send hands a frame to the connection; false when there is none
 * @param {import("./clock.js").Clock} options.clock
 * @param {function(): string} options.newIdentifier
 * @param {Storage} options.storage sessionStorage: it dies with the tab
 * @param {string} options.storageKey
 * @param {function(Entry[]): void} options.onChange all that is not yet acknowledged, oldest first
 * @param {?string} [options.tooLong] what is said of a message that no frame holds
 */
export function createOutbox({ send, clock, newIdentifier, storage, storageKey, onChange, tooLong = null }) {
  let entries = restore();
  let limits = DEFAULT_LIMITS;
  let tokens = limits.burst;
  let tokensAt = clock.now();
  let inFlight = null;
  let notBefore = 0;
  let ready = false;
  let pumpTimer = null;
  let stateTimer = null;

  /** Not sent by itself. */
  function rests(entry) {
    return entry.state === "refused" || entry.state === "lost";
  }

  function restore() {
    try {
      const kept = JSON.parse(storage.getItem(storageKey) || "[]");
      return kept.map((entry) => ({
        ...entry,
        body: mend(entry.body),
        state: stateAt(entry, clock.now()),
        title: null,
      }));
    } catch (_error) {
      return [];
    }
  }

  function persist() {
    const kept = entries.filter((entry) => !rests(entry));
    try {
      if (kept.length === 0) storage.removeItem(storageKey);
      else
        storage.setItem(
          storageKey,
          JSON.stringify(kept.map(({ originId, body, since }) => ({ originId, body, since }))),
        );
    } catch (_error) {
      // Storage full or forbidden: the message lives in memory alone, and is still sent.
    }
  }

  function changed() {
    persist();
    onChange(entries.slice());
  }

  function stateAt(entry, now) {
    const age = now - entry.since;
    if (age >= NOT_SENT_AFTER_MS) return "unsent";
    return age >= SENDING_AFTER_MS ? "sending" : "new";
  }

  /** Lets each entry grow from new to sending to unsent, and sets the timer for the next step. */
  function age() {
    clock.clearTimeout(stateTimer);
    const now = clock.now();
    let next = Infinity;
    let moved = false;
    for (const entry of entries) {
      if (rests(entry)) continue;
      const state = stateAt(entry, now);
      moved = moved || state !== entry.state;
      entry.state = state;
      const step = state === "new" ? SENDING_AFTER_MS : NOT_SENT_AFTER_MS;
      if (state !== "unsent") next = Math.min(next, entry.since + step - now);
    }
    if (next !== Infinity) stateTimer = clock.setTimeout(age, next);
    if (moved) changed();
  }

  function refill(now) {
    tokens = Math.min(limits.burst, tokens + ((now - tokensAt) / 1000) * limits.per_second);
    tokensAt = now;
  }

  function pumpIn(milliseconds) {
    clock.clearTimeout(pumpTimer);
    pumpTimer = clock.setTimeout(pump, Math.ceil(milliseconds));
  }

  /** Sends the oldest message, or sets the timer for when that is allowed. */
  function pump() {
    clock.clearTimeout(pumpTimer);
    const entry = entries.find((candidate) => !rests(candidate));
    if (!ready || !entry) return;
    const now = clock.now();
    refill(now);
    // The hair's breadth keeps a rounding error from making one wait of it twice.
    const needed = tokens >= 1 - 1e-6 ? 0 : ((1 - tokens) / limits.per_second) * 1000;
    const retryIn = inFlight && inFlight.originId === entry.originId ? inFlight.at + RETRY_MS - now : 0;
    const wait = Math.max(notBefore - now, needed, retryIn);
    if (wait > 0) return pumpIn(wait);
    if (!send(frameOf(entry))) return;
    tokens -= 1;
    inFlight = { originId: entry.originId, at: now };
    pumpIn(RETRY_MS);
  }

  function remove(originId) {
    const before = entries.length;
    entries = entries.filter((entry) => entry.originId !== originId);
    if (inFlight && inFlight.originId === originId) inFlight = null;
    return entries.length < before;
  }

  function refuse(entry, title) {
    entry.state = "refused";
    entry.title = title;
    if (inFlight && inFlight.originId === entry.originId) inFlight = null;
  }

  /** A frame over the limit closes the socket unread: it would be sent again for ever. */
  function refuseTooLong() {
    const found = entries.filter((entry) => !rests(entry) && countBytes(frameOf(entry)) > limits.frame);
    found.forEach((entry) => refuse(entry, tooLong));
    return found.length > 0;
  }

  const outbox = {
    get entries() {
      return entries.slice();
    },
    /** @returns {string} the identifier under which the message will come back */
    add(body) {
      const originId = newIdentifier();
      entries.push({ originId, body: mend(body), since: clock.now(), state: "new", title: null });
      refuseTooLong();
      changed();
      age();
      pump();
      return originId;
    },
    welcome(frame) {
      if (frame.limits) limits = frame.limits;
      ready = true;
      inFlight = null;
      if (refuseTooLong()) changed();
      pump();
    },
    disconnected() {
      ready = false;
      clock.clearTimeout(pumpTimer);
    },
    /** An ack, or the own message coming back: it is kept, whichever arrives first. */
    settle(originId) {
      if (!remove(originId)) return false;
      changed();
      age();
      pump();
      return true;
    },
    error(frame) {
      const entry = entries.find((candidate) => candidate.originId === frame.origin_id);
      if (WAIT_CODES[frame.code]) {
        if (!entry && frame.origin_id) return;
        inFlight = null;
        notBefore = clock.now() + (frame.retry_after || 1) * 1000;
      } else if (frame.code === "ended") {
        entries.forEach((candidate) => refuse(candidate, frame.title));
        changed();
      } else if (entry) {
        refuse(entry, frame.title);
        changed();
      }
      pump();
    },
    /** The user asks for another try now: the clock of "not sent" starts anew. */
    retry(originId) {
      const entry = entries.find((candidate) => candidate.originId === originId);
      if (!entry || entry.state === "refused") return;
      entry.since = clock.now() - SENDING_AFTER_MS;
      entry.state = "sending";
      inFlight = null;
      changed();
      age();
      pump();
    },
    /** They had arrived and are gone: shown, oldest first, and sent again under their own identifiers when asked. */
    lose(lost) {
      entries = lost
        .map(({ originId, body }) => ({ originId, body, since: 0, state: "lost", title: null }))
        .concat(entries);
      changed();
    },
    /** @returns {?string} the text of a message that was given up, so that it can be put back in the field */
    discard(originId) {
      const entry = entries.find((candidate) => candidate.originId === originId);
      if (!entry) return null;
      remove(originId);
      changed();
      age();
      pump();
      return entry.body;
    },
    /** Forgets everything, on the device too. */
    clear() {
      entries = [];
      inFlight = null;
      clock.clearTimeout(pumpTimer);
      clock.clearTimeout(stateTimer);
      changed();
    },
    /** Shows what a reload brought back. */
    start() {
      refuseTooLong();
      changed();
      age();
    },
  };
  return outbox;
}
