/** What calls for attention: unread messages by conversation, and how many wait. */

/**
 * @param {object} options
 * @param {function({unread: number, waiting: number, rising: boolean}): void} options.onChange
 *   rising: there is more to look at than before
 */
export function createAttention({ onChange }) {
  const unread = new Map();
  let waiting = 0;

  const total = () => Array.from(unread.values()).reduce((sum, count) => sum + count, 0);

  function change(apply) {
    const before = { unread: total(), waiting };
    apply();
    const now = { unread: total(), waiting };
    if (now.unread === before.unread && now.waiting === before.waiting) return;
    onChange({ ...now, rising: now.unread > before.unread || now.waiting > before.waiting });
  }

  return {
    unreadOf: (id) => unread.get(id) || 0,
    arrived: (id) => change(() => unread.set(id, (unread.get(id) || 0) + 1)),
    seen: (id) => change(() => unread.delete(id)),
    queue: (count) =>
      change(() => {
        waiting = count;
      }),
  };
}

/** The number in front of the page's title, so that it shows on the tab. */
export function badgedTitle(title, number) {
  return number > 0 ? `(${number}) ${title}` : title;
}
