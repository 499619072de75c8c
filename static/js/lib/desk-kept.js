/** Whether an ended conversation is still kept: its visitor may erase it, and no socket is there to say so any more. */

export const ASK_MS = 5000;
const GONE = 404;

/**
 * @param {object} options
 * @param {function(): Promise<*>} options.ask rejects with {status: 404} when the conversation is gone
 * @param {function(): void} options.onGone called once
 * @param {import("./clock.js").Clock} options.clock
 */
export function watchKept({ ask, onGone, clock }) {
  let timer = clock.setTimeout(look, ASK_MS);
  let stopped = false;

  function look() {
    ask()
      .then(
        () => false,
        (problem) => problem.status === GONE,
      )
      .then((gone) => {
        if (stopped) return;
        if (gone) onGone();
        else timer = clock.setTimeout(look, ASK_MS);
      });
  }

  return {
    stop() {
      stopped = true;
      clock.clearTimeout(timer);
    },
  };
}
