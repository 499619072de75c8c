/** The counsellor's desk: queue, conversations and switches put together. */

import { browserClock } from "./clock.js";
import { createConnection, SUBPROTOCOL, socketAddress } from "./connection.js";
import { badgedTitle, createAttention } from "./desk-attention.js";
import { openChat } from "./desk-chat.js";
import { createChats } from "./desk-chats.js";
import { setUpKeys, setUpPresence, setUpSound } from "./desk-controls.js";
import { createQueue } from "./desk-queue.js";
import { createQueueView } from "./desk-queue-view.js";
import { setUpRegistration } from "./desk-registration.js";
import { createRequests } from "./desk-requests.js";
import { followViewport } from "./scroll.js";

/**
 * @param {HTMLElement} root [data-desk]
 * @param {Storage} storage the tab's own
 */
export function setUpDesk(root, storage) {
  const page = root.ownerDocument;
  const view = page.defaultView;
  const part = (name) => root.querySelector(`[data-${name}]`);
  const texts = part("texts").dataset;
  const openSocket = () => new WebSocket(socketAddress(root.dataset.socket, view.location), SUBPROTOCOL);
  const requests = createRequests({
    newRequest: () => new XMLHttpRequest(),
    token: () => root.querySelector("[name=csrfmiddlewaretoken]").value,
    onSignedOut: () => view.location.assign(root.dataset.loginAddress),
  });
  const attention = createAttention({ onChange: attend(page, setUpSound({ button: part("sound"), texts, view })) });
  const chats = createChats({ root, texts, storage, attention });
  const queueView = createQueueView({
    root,
    texts,
    requests,
    onWaiting: attention.queue,
    onClaimed: (panel) => {
      // A queue that was fetched just before still offers what is her own by now; claiming it again is no second one.
      if (!chats.has(panel.dataset.chat)) {
        part("room").appendChild(panel);
        addChat(panel);
      }
      chats.select(panel.dataset.chat);
    },
    onTried: () => queue.refresh(),
  });
  const queue = createQueue({
    clock: browserClock,
    fetchQueue: () => requests.get(root.dataset.queueAddress).then(queueView.show),
  });

  function addChat(panel) {
    const id = panel.dataset.chat;
    const { language } = root.dataset;
    const on = {
      message: (frame, fresh) => chats.message(id, frame, fresh),
      gone: (sentence) => chats.remove(id, sentence),
      ended: (erased) => {
        chats.ended(id);
        setUpRegistration({ place: chat.part("registration"), requests, texts, erased, onDone: queue.refresh });
        queue.refresh();
      },
      erased: () => chats.ended(id),
    };
    const chat = openChat({ panel, root, texts, language, openSocket, storage, requests, on });
    chats.add(chat);
    chat.part("close").addEventListener("click", () => chats.remove(id, null));
  }

  root.querySelectorAll("[data-chat]").forEach(addChat);
  chats.restore();
  queue.start();
  const desk = openDesk({ root, openSocket, queue, requests, texts });
  setUpKeys({
    page,
    onMove: chats.move,
    onQueue: () => {
      chats.select(null);
      queueView.focus();
    },
  });
  watchPage(page, () => {
    chats.look();
    if (!page.hidden) desk.nudge();
  });
}

/** Number in the title, and a tone when there is more to look at than before. */
function attend(page, sound) {
  const { title } = page;
  return ({ unread, waiting, rising }) => {
    page.title = badgedTitle(title, unread + waiting);
    if (rising) sound.play();
  };
}

/** The socket that says when a queue has changed, and by being open that she is there. */
function openDesk({ root, openSocket, queue, requests, texts }) {
  const part = (name) => root.querySelector(`[data-${name}]`);
  const presence = setUpPresence({ form: part("presence"), texts, requests, address: root.dataset.presenceAddress });
  const desk = createConnection({
    openSocket,
    clock: browserClock,
    random: Math.random,
    hello: () => ({ type: "hello" }),
    onFrame: (frame) => frame.type === "queue" && queue.refresh(),
    onStatus: (status) => {
      queue.setLive(status === "ready");
      part("desk-offline").hidden = status !== "waiting" && status !== "stopped";
      if (status === "ready") presence.repeat();
      // Signed out, perhaps: the next answer says so.
      if (status === "stopped") queue.refresh();
    },
  });
  desk.open();
  return desk;
}

/** The moments at which somebody looks again, or can be reached again. */
function watchPage(page, look) {
  const view = page.defaultView;
  page.addEventListener("visibilitychange", look);
  view.addEventListener("pageshow", look);
  view.addEventListener("online", look);
  followViewport(view, look);
}
