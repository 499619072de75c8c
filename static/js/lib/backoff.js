/** How long to wait before the next try, so that a thousand clients do not come back in the same second. */

export const LONGEST_WAIT_MS = 30000;
const FIRST_WAIT_MS = 1000;

/**
 * Full jitter: evenly between nothing and min(30 s, 1 s · 2^attempt).
 * @param {number} attempt failed tries so far, from 0
 * @param {function(): number} random in [0, 1)
 * @returns {number} milliseconds
 */
export function backoffDelay(attempt, random) {
  const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 16));
  return Math.floor(random() * ceiling);
}
