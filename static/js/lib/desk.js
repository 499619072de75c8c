/** The counsellor's desk: queue, conversations and switches put together. */

import { browserClock } from "./clock.js";
import { createConnection, SUBPROTOCOL, socketAddress } from "./connection.js";
import { badgedTitle, createAttention } from "./desk-attention.js";
import { openChat } from "./desk-chat.js";
import { createChats } from "./desk-chats.js";
import { setUpKeys, setUpPresence, setUpSound } from "./desk-controls.js";
import { createQueue } from "./desk-queue.js";
import { setUpRegistration } from "./desk-registration.js";
import { createRequests } from "./desk-requests.js";
import { followViewport } from "./scroll.js";
import { fill } from "./texts.js";

/**
 * @param {HTMLElement} root [data-desk]
 * @param {Storage} storage the tab's own
 */
export function setUpDesk(root, storage) {
  const page = root.ownerDocument;
  const view = page.defaultView;
  const part = (name) => root.querySelector(`[data-${name}]`);
  const texts = part("texts").dataset;
  const { socket, language, queueAddress, presenceAddress, loginAddress } = root.dataset;
  const title = page.title;
  const openSocket = () => new WebSocket(socketAddress(socket, view.location), SUBPROTOCOL);

  const requests = createRequests({
    newRequest: () => new XMLHttpRequest(),
    token: () => root.querySelector("[name=csrfmiddlewaretoken]").value,
    onSignedOut: () => view.location.assign(loginAddress),
  });
  const sound = setUpSound({ button: part("sound"), texts, view });
  const presence = setUpPresence({ form: part("presence"), texts, requests, address: presenceAddress });
  const attention = createAttention({
    onChange: ({ unread, waiting, rising }) => {
      page.title = badgedTitle(title, unread + waiting);
      if (rising) sound.play();
    },
  });
  const chats = createChats({ root, texts, storage, attention });

  function say(sentence) {
    part("announcement").textContent = sentence;
  }

  function addChat(panel) {
    const id = panel.dataset.chat;
    const chat = openChat({
      panel,
      root,
      texts,
      language,
      openSocket,
      storage,
      requests,
      on: {
        message: (frame, fresh) => chats.message(id, frame, fresh),
        gone: (sentence) => chats.remove(id, sentence),
        ended: () => {
          chats.ended(id);
          setUpRegistration({ place: chat.part("registration"), requests, texts, onDone: queue.refresh });
          queue.refresh();
        },
      },
    });
    chats.add(chat);
    chat.part("close").addEventListener("click", () => chats.remove(id, null));
  }

  function showQueue(found) {
    const place = part("queue-place");
    const before = Number(part("queue").dataset.waiting);
    const focused = place.contains(page.activeElement);
    place.replaceChildren(page.importNode(found, true));
    const waiting = Number(part("queue").dataset.waiting);
    if (waiting > before) say(fill(waiting === 1 ? texts.queueOne : texts.queueMany, { count: waiting }));
    if (focused) focusQueue();
    attention.queue(waiting);
  }

  function focusQueue() {
    (place("button") || place("[data-queue-title]")).focus();
  }

  function place(selector) {
    return part("queue-place").querySelector(selector);
  }

  function claim(form) {
    const button = form.querySelector("button");
    button.disabled = true;
    requests.post(form.action).then(
      (panel) => {
        part("room").appendChild(page.importNode(panel, true));
        const added = part("room").lastElementChild;
        addChat(added);
        chats.select(added.dataset.chat);
        queue.refresh();
      },
      (problem) => {
        part("queue-problem").textContent = problem.title || texts.failed;
        part("queue-problem").hidden = false;
        queue.refresh();
      },
    );
  }

  const queue = createQueue({ clock: browserClock, fetchQueue: () => requests.get(queueAddress).then(showQueue) });
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
    },
  });

  root.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-claim]")) return;
    event.preventDefault();
    part("queue-problem").hidden = true;
    claim(event.target);
  });
  page.addEventListener("visibilitychange", () => {
    chats.look();
    if (!page.hidden) desk.nudge();
  });
  view.addEventListener("online", () => {
    chats.look();
    desk.nudge();
  });
  setUpKeys({
    page,
    onMove: chats.move,
    onQueue: () => {
      chats.select(null);
      focusQueue();
    },
  });
  followViewport(view, () => chats.look());
  root.querySelectorAll("[data-chat]").forEach(addChat);
  chats.restore();
  attention.queue(Number(part("queue").dataset.waiting));
  queue.start();
  desk.open();
}
