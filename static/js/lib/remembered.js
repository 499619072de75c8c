/**
 * What this page's writer was told had arrived. The server keeps it; only after a restore of an earlier backup it may lack
 * the last of it, and then she is told instead of seeing it vanish.
 */

/**
 * @param {object} options
 * @param {function({originId: string, body: string}[]): void} options.onLost what the new past lacks, oldest first
 */
export function createRemembered({ onLost }) {
  let kept = new Map();
  let asked = null;

  return {
    /** It has been acknowledged, or has come back. */
    keep(originId, body) {
      if (asked) asked.delete(originId);
      kept.set(originId, body);
    },
    /** Another past: what was kept must show itself again. */
    startOver() {
      asked = new Map([...(asked || []), ...kept]);
      kept = new Map();
    },
    /** All that the new past holds has been shown. */
    caughtUp() {
      if (!asked) return;
      const lost = Array.from(asked, ([originId, body]) => ({ originId, body }));
      asked = null;
      if (lost.length > 0) onLost(lost);
    },
    forget() {
      kept = new Map();
      asked = null;
    },
  };
}
