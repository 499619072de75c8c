/** How long to wait before the next try, so that a thousand clients do not come back in the same second. */

const FIRST_WAIT_MS = 1000;
const SHORT_CAP_MS = 4000;
const LONG_CAP_MS = 30000;
const SHORT_FOR_MS = 600000;

/**
 * Full jitter: evenly between nothing and min(cap, 1 s · 2^attempt). The cap is 4 s during the first ten minutes, so that
 * whoever was cut off for a while is back within five seconds; then 30 s.
 * @param {number} attempt failed tries so far, from 0
 * @param {function(): number} random in [0, 1)
 * @param {number} [lostForMs] how long there has been no link
 * @returns {number} milliseconds
 */
export function backoffDelay(attempt, random, lostForMs = 0) {
  const cap = lostForMs < SHORT_FOR_MS ? SHORT_CAP_MS : LONG_CAP_MS;
  return Math.floor(random() * Math.min(cap, FIRST_WAIT_MS * 2 ** Math.min(attempt, 16)));
}
