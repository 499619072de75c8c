/** Counts one key pressed several times in a row, nothing else between. */

export const PRESSES = 3;
export const WITHIN_MS = 2000;

/**
 * @param {object} options
 * @param {string[]} options.keys each of them counts for itself
 * @param {function(): number} options.now
 * @param {function(): void} options.onEnough
 */
export function createPressCounter({ keys, now, onEnough }) {
  let key = null;
  let times = [];

  return {
    /** @param {{key: string, repeat: boolean}} event a key went down */
    press(event) {
      if (event.repeat) return; // held down is pressed once
      if (event.key !== key) times = [];
      key = event.key;
      if (!keys.includes(key)) return;
      times = times.filter((at) => now() - at < WITHIN_MS).concat(now());
      if (times.length < PRESSES) return;
      times = [];
      onEnough();
    },
  };
}
