/** The live queue: fetched again when the server says that it changed, and now and then when the server cannot say. */

export const FALLBACK_MS = 10000;
export const REFRESH_MS = 60000;

/**
 * @param {object} options
 * @param {function(): Promise<*>} options.fetchQueue fetches and shows it
 * @param {import("./clock.js").Clock} options.clock
 */
export function createQueue({ fetchQueue, clock }) {
  let timer = null;
  let live = false;
  let busy = false;
  let again = false;

  function schedule() {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(refresh, live ? REFRESH_MS : FALLBACK_MS);
  }

  /** One request at a time; a change during it is looked at right after. */
  function refresh() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    fetchQueue()
      .catch(() => null)
      .then(() => {
        busy = false;
        if (again) {
          again = false;
          refresh();
        } else {
          schedule();
        }
      });
  }

  return {
    start: schedule,
    refresh,
    /** The desk's socket is up, or is not: then the queue is asked for every ten seconds. */
    setLive(next) {
      if (live === next) return;
      live = next;
      if (next) refresh();
      else schedule();
    },
  };
}
