/** How long a try to connect may take, and how long a socket may be silent. docs/protocol.md, "The client". */

const CUT_MS = 4000;
const SLOW_MS = 15000;
const CUT_FOR_MS = 90000;

/** Heartbeats come every 20 s. */
export const QUIET_MS = 25000;
/** Somebody is being answered: what is cut off is missed sooner. */
export const ACTIVE_QUIET_MS = 10000;
/** A message was sent, and its answer is a matter of milliseconds. */
export const SENT_QUIET_MS = 2000;
/** From the question whether anybody is there to the conclusion that nobody is. */
export const ANSWER_MS = 3000;

/**
 * From opening a socket to its welcome. In a cut network the first packet of a try is lost, and a new try asks sooner than
 * the network's own repetitions would; on a slow link every try needs its time, and giving up early would mean never.
 * @param {?number} lastTookMs how long the last welcome took, null when there has been none
 * @param {number} lostForMs how long there has been no link
 * @returns {number} milliseconds
 */
export function welcomeLimit(lastTookMs, lostForMs) {
  if (lastTookMs === null || lostForMs >= CUT_FOR_MS) return SLOW_MS;
  return Math.min(SLOW_MS, Math.max(CUT_MS, 2 * lastTookMs));
}
