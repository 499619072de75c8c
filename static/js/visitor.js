/** Entry of every visitor's page. */

import { setUpQuickExit } from "./lib/quick-exit.js";
import { createSession, tabStorage } from "./lib/session.js";
import { setUpChat } from "./lib/visitor-chat.js";

const exit = document.querySelector("[data-quick-exit]");
// A page that was not found knows no helpline, but its address may.
const helpline = document.body.dataset.helpline || window.location.pathname.split("/")[1];
const storage = tabStorage(window);
const session = createSession(storage, helpline);
const root = document.querySelector("[data-chat]");

const chat = root ? setUpChat(root, session, storage) : null;

if (exit) {
  setUpQuickExit({ page: document, button: exit, beforeLeaving: () => (chat ? chat.abandon() : session.leave()) });
}

document.querySelectorAll("[data-resume]").forEach((element) => {
  element.hidden = !session.current;
});
document.querySelectorAll("[data-fallback]").forEach((element) => {
  element.hidden = true;
});
