/** The conversations on the desk: the list at the side, which one is shown, what is unread in the others. */

import { createNumbers } from "./desk-numbers.js";
import { fill } from "./texts.js";

const CURRENT_KEY = "chatline.desk.current";

/**
 * @param {object} options
 * @param {Element} options.root
 * @param {DOMStringMap} options.texts
 * @param {Storage} options.storage
 * @param {ReturnType<import("./desk-attention.js").createAttention>} options.attention
 */
export function createChats({ root, texts, storage, attention }) {
  const page = root.ownerDocument;
  const part = (name) => root.querySelector(`[data-${name}]`);
  const chats = new Map();
  const numbers = createNumbers(storage);
  let current = null;

  function addTab(chat) {
    const item = part("tab-template").content.firstElementChild.cloneNode(true);
    const name = fill(texts.chatNumber, { number: numbers.of(chat.id) });
    item.querySelector("[data-name]").textContent = `${name} · ${chat.panel.dataset.name}`;
    item.querySelector("[data-preview]").textContent = texts.nothingYet;
    item.querySelector("[data-select]").addEventListener("click", () => select(chat.id));
    chat.panel.querySelector("[data-title]").textContent = `${name} · ${chat.panel.dataset.name}`;
    part("tabs").appendChild(item);
    part("mine").hidden = false;
    return item;
  }

  function select(id) {
    if (current && current !== id && chats.has(current)) chats.get(current).chat.hide();
    current = chats.has(id) ? id : null;
    root.classList.toggle("is-chatting", current !== null);
    part("nothing").hidden = current !== null;
    if (current) storage.setItem(CURRENT_KEY, current);
    else storage.removeItem(CURRENT_KEY);
    chats.forEach(({ tab }, other) => {
      tab.querySelector("[data-select]").setAttribute("aria-current", String(other === current));
    });
    if (!current) return;
    part("notice").hidden = true;
    chats.get(current).chat.show();
    read(current);
  }

  function read(id) {
    attention.seen(id);
    showUnread(id);
  }

  function showUnread(id) {
    const count = attention.unreadOf(id);
    const badge = chats.get(id).tab.querySelector("[data-unread]");
    badge.textContent = String(count);
    badge.setAttribute("aria-label", fill(texts.unread, { count }));
    badge.hidden = count === 0;
  }

  return {
    select,
    has: (id) => chats.has(id),
    add(chat) {
      chats.set(chat.id, { chat, tab: addTab(chat) });
      chat.part("back").addEventListener("click", () => {
        chat.hide();
        select(null);
      });
    },
    message(id, frame, fresh) {
      const entry = chats.get(id);
      entry.tab.querySelector("[data-preview]").textContent = frame.body;
      if (!fresh || frame.role === "counsellor" || (id === current && !page.hidden)) return;
      attention.arrived(id);
      showUnread(id);
    },
    ended(id) {
      chats.get(id).tab.querySelector("[data-preview]").textContent = texts.ended;
    },
    remove(id, notice) {
      const entry = chats.get(id);
      if (!entry) return;
      attention.seen(id);
      entry.chat.remove();
      entry.tab.remove();
      chats.delete(id);
      numbers.keep(Array.from(chats.keys()));
      part("mine").hidden = chats.size === 0;
      if (current === id) select(null);
      if (notice) {
        part("notice").textContent = notice;
        part("notice").hidden = false;
      }
    },
    /** The page is looked at again. */
    look() {
      chats.forEach(({ chat }) => chat.nudge());
      if (!current || page.hidden) return;
      chats.get(current).chat.look();
      read(current);
    },
    /** @param {number} step 1 for the next, -1 for the one before */
    move(step) {
      const ids = Array.from(chats.keys());
      if (ids.length === 0) return;
      const at = ids.indexOf(current);
      select(ids[at < 0 ? 0 : (at + step + ids.length) % ids.length]);
    },
    /** After a reload: the one that was open, or the only one. */
    restore() {
      numbers.keep(Array.from(chats.keys()));
      const kept = storage.getItem(CURRENT_KEY);
      if (chats.has(kept)) select(kept);
      else if (chats.size === 1) select(chats.keys().next().value);
    },
  };
}
