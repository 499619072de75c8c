/** One conversation on the desk: its panel, its socket, its end. */

import { browserClock } from "./clock.js";
import { createComposer } from "./composer.js";
import { setUpConfirmation } from "./confirmation.js";
import { createConversation } from "./conversation.js";
import { watchKept } from "./desk-kept.js";
import { createMessageLog } from "./message-log.js";
import { createScrollKeeper } from "./scroll.js";

/**
 * @param {object} options
 * @param {HTMLElement} options.panel [data-chat] with the parts named below
 * @param {Element} options.root the desk, with the templates
 * @param {DOMStringMap} options.texts
 * @param {string} options.language
 * @param {function(): WebSocket} options.openSocket
 * @param {Storage} options.storage
 * @param {ReturnType<import("./desk-requests.js").createRequests>} options.requests
 * @param {object} options.on message(frame, fresh), gone(title), ended(erased), erased()
 */
export function openChat({ panel, root, texts, language, openSocket, storage, requests, on }) {
  const id = panel.dataset.chat;
  const keys = {
    seen: `chatline.desk.${id}.seen`,
    outbox: `chatline.desk.${id}.outbox`,
    draft: `chatline.desk.${id}.draft`,
  };
  const part = (name) => panel.querySelector(`[data-${name}]`);
  const view = root.ownerDocument.defaultView;
  let seen = Number(storage.getItem(keys.seen)) || 0;
  let last = 0;
  let open = false;
  let kept = null;

  const scroll = createScrollKeeper(part("scroll"), part("newer"));
  const log = createMessageLog({
    log: part("log"),
    waiting: part("outbox"),
    template: root.querySelector("[data-message-template]"),
    pendingTemplate: root.querySelector("[data-pending-template]"),
    ownRole: "counsellor",
    authorOf: (role) => ({ visitor: texts.visitor, counsellor: texts.you })[role] || "",
    language,
    texts,
    onRetry: (originId) => conversation.retry(originId),
    onDiscard: (originId) => {
      composer.text = [conversation.discard(originId), composer.text].filter(Boolean).join("\n");
      composer.focus();
    },
  });
  const conversation = createConversation({
    identity: { conversation: id },
    role: "counsellor",
    openSocket,
    clock: browserClock,
    random: Math.random,
    storage,
    storageKey: keys.outbox,
    tooLong: texts.tooLong,
    on: {
      status: showStatus,
      message: showMessage,
      reset: () => log.reset(),
      outbox: (entries) => {
        log.outbox(entries);
        scroll.settle({ added: false });
      },
      typing: (shown) => {
        part("typing").textContent = shown ? texts.typing : "";
        scroll.settle({ added: false });
      },
      displayed: (seq) => log.displayed(seq),
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
      storage.removeItem(keys.draft);
      conversation.send(text);
      scroll.settle({ own: true });
    },
    onWrite: (text) => {
      storage.setItem(keys.draft, text);
      conversation.writing(text);
    },
  });

  function showMessage(frame) {
    log.message(frame);
    last = frame.seq;
    scroll.settle();
    if (open) look();
    on.message(frame, frame.seq > seen);
  }

  /** What is on a page that is looked at has been seen. */
  function look() {
    if (!open || root.ownerDocument.hidden) return;
    seen = Math.max(seen, last);
    storage.setItem(keys.seen, String(seen));
    conversation.shown(last);
  }

  function showStatus(status, reason) {
    part("offline").hidden = status === "ready" || status === "stopped";
    if (status !== "stopped" || reason === "closed") return;
    if (reason === "ended") showEnd(null);
    else on.gone(texts.moved);
  }

  function showState(frame) {
    if (frame.state === "ended") showEnd(frame.reason);
    if (frame.state === "waiting") on.gone(texts.handedBack);
  }

  function showEnd(reason) {
    if (panel.dataset.state === "ended") return;
    panel.dataset.state = "ended";
    const erased = reason === "erased";
    panel.querySelectorAll("[data-while-active]").forEach((element) => {
      element.hidden = true;
    });
    part("typing").textContent = "";
    part("ended").textContent =
      { visitor: texts.endedVisitor, erased: texts.endedErased, abandoned: texts.endedAbandoned }[reason] ||
      texts.ended;
    part("after").hidden = false;
    conversation.close();
    if (erased) forgetTexts();
    else watchErasure();
    on.ended(erased);
  }

  function watchErasure() {
    kept = watchKept({
      ask: () => requests.get(panel.dataset.address),
      clock: browserClock,
      onGone: () => {
        forgetTexts();
        part("ended").textContent = texts.erased;
        on.erased();
      },
    });
  }

  /** Erased by its visitor: she was told that it is gone here too. */
  function forgetTexts() {
    conversation.forget();
    storage.removeItem(keys.draft);
    composer.text = "";
    log.reset();
    const intro = part("intro");
    if (intro) intro.remove();
  }

  function confirm(name, address, onDone) {
    setUpConfirmation({
      openers: [panel.querySelector(`[data-opener="${name}"]`)],
      panel: panel.querySelector(`[data-confirm="${name}"]`),
      failed: texts.failed,
      onYes: () => requests.post(address).then(onDone),
    });
  }

  confirm("end", panel.dataset.end, () => showEnd("counsellor"));
  confirm("hand-back", panel.dataset.handBack, () => on.gone(texts.handedBack));
  composer.text = storage.getItem(keys.draft) || "";
  conversation.open();

  return {
    id,
    panel,
    part,
    show() {
      open = true;
      panel.hidden = false;
      scroll.settle({ own: true });
      look();
      if (panel.dataset.state === "ended") part("ended").focus();
      else if (!view.matchMedia("(pointer: coarse)").matches) composer.focus();
      else panel.focus();
    },
    hide() {
      open = false;
      panel.hidden = true;
    },
    look,
    nudge: () => conversation.nudge(),
    remove() {
      if (kept) kept.stop();
      conversation.close();
      conversation.forget();
      Object.keys(keys).forEach((name) => storage.removeItem(keys[name]));
      panel.remove();
    },
  };
}
