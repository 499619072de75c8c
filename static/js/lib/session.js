/** What the tab keeps of a conversation: the token, in sessionStorage alone. It dies with the tab. */

import { newIdentifier } from "./identifier.js";

/** The tab's own storage, or one as long as the page where the browser forbids it. */
export function tabStorage(view) {
  try {
    return view.sessionStorage;
  } catch (_error) {
    const items = new Map();
    return {
      getItem: (name) => (items.has(name) ? items.get(name) : null),
      setItem: (name, value) => items.set(name, value),
      removeItem: (name) => items.delete(name),
    };
  }
}

/**
 * @param {Storage} storage
 * @param {string} helpline
 */
export function createSession(storage, helpline) {
  const key = `chatline.${helpline}`;
  const keys = { outbox: `${key}.outbox`, draft: `${key}.draft`, answers: `${key}.answers`, opening: `${key}.opening` };

  function read(name) {
    try {
      return storage.getItem(name);
    } catch (_error) {
      return null;
    }
  }

  let left = false;

  function write(name, value) {
    if (left && value) return;
    try {
      if (value) storage.setItem(name, value);
      else storage.removeItem(name);
    } catch (_error) {
      // Storage full: the conversation lives as long as the page.
    }
  }

  function readObject(name) {
    try {
      const found = JSON.parse(read(name) || "null");
      return found && typeof found === "object" ? found : null;
    } catch (_error) {
      return null;
    }
  }

  // Beside the storage, which may be full.
  let opening = null;

  function keepOpening(name) {
    opening = name;
    write(keys.opening, name);
  }

  function forget() {
    opening = null;
    [key, ...Object.values(keys)].forEach((name) => write(name, null));
  }

  return {
    outboxKey: keys.outbox,
    /** @returns {?{token: string, epoch: number}} */
    get current() {
      const kept = readObject(key);
      return kept && typeof kept.token === "string" ? kept : null;
    },
    start({ token, epoch }) {
      write(key, JSON.stringify({ token, epoch }));
      write(keys.answers, null);
      keepOpening(null);
    },
    /** What the opening is called that is being tried: the same until a conversation has come of it, or it is renewed. */
    get openingKey() {
      if (!opening) keepOpening(read(keys.opening) || newIdentifier());
      return opening;
    },
    renewOpening: () => keepOpening(null),
    /** @returns {{fields: Object<string, string>, words: string}} what was answered before a conversation was opened */
    get answers() {
      return readObject(keys.answers) || { fields: {}, words: "" };
    },
    set answers(given) {
      write(keys.answers, Object.keys(given.fields).length ? JSON.stringify(given) : null);
    },
    get draft() {
      return read(keys.draft) || "";
    },
    set draft(text) {
      write(keys.draft, text);
    },
    forget,
    get left() {
      return left;
    },
    /** For good: what comes back to a page that is going away leaves nothing in the tab. */
    leave() {
      left = true;
      forget();
    },
  };
}
