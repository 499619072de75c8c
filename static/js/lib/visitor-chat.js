/** The visitor's chat page: which of its stages is shown, and what leads from one to the next. */

import { setUpConfirmation } from "./confirmation.js";
import { createVisitorApi } from "./visitor-api.js";
import { setUpDoor, showKept } from "./visitor-door.js";
import { openRoom } from "./visitor-room.js";

/** Already gone is as good as done. */
function unlessGone(error) {
  if (error.status !== 404) throw error;
}

/**
 * @param {Element} root [data-chat]
 * @param {ReturnType<import("./session.js").createSession>} session
 * @param {Storage} storage
 */
export function setUpChat(root, session, storage) {
  const page = root.ownerDocument;
  const texts = root.querySelector("[data-texts]").dataset;
  const { language, openUrl, endUrl, eraseUrl, socketPath } = root.dataset;
  const api = createVisitorApi((...request) => fetch(...request), { openUrl, endUrl, eraseUrl });
  const part = (name) => root.querySelector(`[data-${name}]`);
  let room = null;

  /** Shows one stage, and brings keyboard and screen reader to its heading. */
  function show(stage, { focus = true } = {}) {
    root.querySelectorAll("[data-stage]").forEach((section) => {
      section.hidden = section.dataset.stage !== stage;
    });
    page.body.classList.toggle("is-in-room", stage === "room");
    const heading = root.querySelector(`[data-stage="${stage}"] [data-heading]`);
    if (focus && heading) heading.focus();
  }

  function enter() {
    show("room");
    room = openRoom({ root: part("room"), socketPath, language, texts, session, storage, onGone: () => leave("gone") });
  }

  function leave(stage) {
    if (room) room.forget();
    room = null;
    session.forget();
    show(stage);
  }

  function erase() {
    return api
      .erase(session.current.token)
      .catch(unlessGone)
      .then(() => leave("erased"));
  }

  function end() {
    return api
      .end(session.current.token)
      .catch(unlessGone)
      .then(() => room.ended());
  }

  const form = part("door");
  if (form) {
    const onOpened = (opened) => {
      if (session.left) {
        api.endAndLeave(opened.token);
        return;
      }
      session.start(opened);
      enter();
    };
    setUpDoor({ form, api, language, texts, session, onOpened, onClosed: () => page.defaultView.location.reload() });
  }
  if (part("kept")) showKept(part("kept"), session);
  const deeds = { end, erase };
  // Only now can it be reached: a question covers the end of the conversation.
  const landings = { end: () => part("end-title").focus() };
  root.querySelectorAll("[data-confirm]").forEach((panel) => {
    const name = panel.dataset.confirm;
    const openers = Array.from(root.querySelectorAll(`[data-confirms="${name}"]`));
    setUpConfirmation({ openers, panel, onYes: deeds[name], onDone: landings[name], failed: texts.failed });
  });
  part("leave").addEventListener("click", () => {
    if (room) room.forget();
  });

  if (session.current) enter();
  else show("start", { focus: false });

  return {
    /** Away at once: the conversation is ended for the counsellor, and nothing of it stays in the tab. */
    abandon() {
      const kept = session.current;
      if (room) room.forget();
      session.leave();
      if (kept) api.endAndLeave(kept.token);
    },
  };
}
