/** Time as the modules see it: milliseconds and timers. Tests hand in a clock that they turn themselves. */

/** @typedef {{now: function(): number, setTimeout: function(Function, number): *, clearTimeout: function(*): void}} Clock */

/** @type {Clock} */
export const browserClock = {
  now: () => Date.now(),
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
};
