/** The room of the conversation on the visitor's page: the queue, the messages, the field, the end. */

import { browserClock } from "./clock.js";
import { createComposer } from "./composer.js";
import { SUBPROTOCOL, socketAddress } from "./connection.js";
import { createConversation } from "./conversation.js";
import { createMessageLog } from "./message-log.js";
import { createScrollKeeper, followViewport } from "./scroll.js";
import { estimateSentence, fill, placeSentence } from "./texts.js";

const OFFLINE_SHOWN_AFTER_MS = 3000;

/**
 * @param {object} options
 * @param {Element} options.root [data-room] with the parts named below
 * @param {string} options.socketPath
 * @param {string} options.language
 * @param {DOMStringMap} options.texts
 * @param {ReturnType<import("./session.js").createSession>} options.session with a conversation in it
 * @param {Storage} options.storage
 * @param {function(string): void} options.onGone the conversation is not there any more
 */
export function openRoom({ root, socketPath, language, texts, session, storage, onGone }) {
  const part = (name) => root.querySelector(`[data-${name}]`);
  const page = root.ownerDocument;
  const view = page.defaultView;
  const title = page.title;
  const { token, epoch } = session.current;
  let counsellor = null;
  let unseen = 0;
  let place = 0;
  let offline = null;
  let away = false;
  let unsent = false;

  const scroll = createScrollKeeper(part("scroll"), part("newer"));
  const log = createMessageLog({
    log: part("log"),
    waiting: part("outbox"),
    template: part("message-template"),
    pendingTemplate: part("pending-template"),
    ownRole: "visitor",
    authorOf: (role) => ({ visitor: texts.you, counsellor: counsellor || texts.counsellor })[role] || "",
    language,
    texts,
    onRetry: (originId) => conversation.retry(originId),
    onDiscard: (originId) => {
      composer.text = [conversation.discard(originId), composer.text].filter(Boolean).join("\n");
      session.draft = composer.text;
      composer.focus();
    },
  });

  const conversation = createConversation({
    identity: { token },
    role: "visitor",
    epoch,
    openSocket: () => new WebSocket(socketAddress(socketPath, view.location), SUBPROTOCOL),
    clock: browserClock,
    random: Math.random,
    storage,
    storageKey: session.outboxKey,
    tooLong: texts.tooLong,
    on: {
      status: showStatus,
      message: showMessage,
      reset: () => log.reset(),
      outbox: showOutbox,
      typing: (shown) => {
        part("typing").textContent = shown ? fill(texts.typing, { name: counsellor || texts.counsellor }) : "";
        scroll.settle({ added: false });
      },
      displayed: (seq) => log.displayed(seq),
      queue: showQueue,
      state: showState,
      limits: (limits) => {
        composer.limit = limits.body;
      },
    },
  });

  const composer = createComposer({
    form: part("composer"),
    touch: view.matchMedia("(pointer: coarse)").matches,
    texts,
    onSend: (text) => {
      session.draft = "";
      conversation.send(text);
      scroll.settle({ own: true });
    },
    onWrite: (text) => {
      session.draft = text;
      conversation.writing(text);
    },
  });

  function showMessage(frame) {
    log.message(frame);
    scroll.settle();
    unseen = frame.seq;
    if (page.hidden) page.title = `• ${title}`;
    else conversation.shown(frame.seq);
  }

  function showOutbox(entries) {
    log.outbox(entries);
    unsent = entries.some((entry) => entry.state === "unsent");
    showWeather();
    scroll.settle({ added: false });
  }

  /** What is not sent says more than that there is no link, and needs the room. */
  function showWeather() {
    part("unsent-help").hidden = !unsent;
    part("offline").hidden = !away || unsent;
  }

  function showAway(next) {
    away = next;
    showWeather();
  }

  function showQueue(frame) {
    place = frame.place;
    part("status").textContent = statusSentence(root.dataset.state);
    part("estimate").textContent = estimateSentence(frame.estimate, texts);
    root.querySelectorAll("[data-notice]").forEach((notice) => {
      notice.hidden = !frame.notices.includes(notice.dataset.notice);
    });
  }

  /** She was being answered and waits again: said once, until somebody else is there. */
  function showHandBack(next) {
    const notice = part("handed-back");
    if (next !== "waiting") notice.hidden = true;
    else if (root.dataset.state === "active") {
      notice.textContent = fill(texts.handedBack, { name: counsellor || texts.counsellor });
      notice.hidden = false;
      counsellor = null;
    }
  }

  function showState(frame) {
    if (frame.welcome) return; // the state with the counsellor's name follows at once
    if (frame.counsellor) counsellor = frame.counsellor;
    const ended = frame.state === "ended";
    showHandBack(frame.state);
    const news = root.dataset.state !== frame.state;
    root.dataset.state = frame.state;
    part("status").textContent = statusSentence(frame.state);
    if (ended && (news || frame.reason)) part("end-reason").textContent = endSentence(frame.reason);
    if (ended && news) {
      part("typing").textContent = "";
      part("end-title").focus();
    }
    scroll.settle({ added: false });
  }

  function statusSentence(state) {
    if (state === "active") return counsellor ? fill(texts.active, { name: counsellor }) : texts.activeUnnamed;
    if (state !== "waiting") return texts.ended;
    return place > 0 ? placeSentence(place, texts) : texts.waiting;
  }

  function endSentence(reason) {
    return { counsellor: texts.endedByCounsellor, abandoned: texts.endedAbandoned }[reason] || texts.endedByYou;
  }

  function showStatus(status, reason) {
    clearTimeout(offline);
    if (status === "ready") showAway(false);
    else if (status !== "stopped") offline = setTimeout(() => showAway(true), OFFLINE_SHOWN_AFTER_MS);
    if (status !== "stopped") return;
    if (reason === "token") onGone(reason);
    if (reason === "ended") showState({ state: "ended", counsellor: null, reason: null });
    if (reason === "policy") part("broken").hidden = false;
  }

  function look() {
    if (page.hidden) return;
    page.title = title;
    conversation.shown(unseen);
    conversation.nudge();
  }

  page.addEventListener("visibilitychange", look);
  view.addEventListener("pageshow", look);
  view.addEventListener("online", () => conversation.renew());
  view.addEventListener("offline", () => showAway(true));
  followViewport(view, () => scroll.settle({ added: false }));
  composer.text = session.draft;
  conversation.open();

  return {
    /** The visitor has ended it herself: said at once, the server's own word follows. */
    ended: () => showState({ state: "ended", counsellor: null, reason: "visitor" }),
    /** Lets go of the conversation and of all that the tab keeps of it. */
    forget() {
      conversation.close();
      conversation.forget();
      session.forget();
    },
  };
}
