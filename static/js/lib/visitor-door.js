/** The form before the conversation: optional questions and the button that opens it. */

import { openOnce } from "./opening.js";
import { fill } from "./texts.js";

/**
 * @param {object} options
 * @param {HTMLFormElement} options.form
 * @param {ReturnType<import("./visitor-api.js").createVisitorApi>} options.api
 * @param {string} options.language
 * @param {DOMStringMap} options.texts openFailed, openUnavailable, openLater with {seconds}
 * @param {ReturnType<import("./session.js").createSession>} options.session keeps what she answers over a reload
 * @param {function({token: string, epoch: number}): void} options.onOpened
 * @param {function(): void} options.onClosed the helpline closed while the page lay open
 */
export function setUpDoor({ form, api, language, texts, session, onOpened, onClosed }) {
  const button = form.querySelector("[type=submit]");
  const problem = form.querySelector("[data-problem]");

  function show(text) {
    problem.textContent = text;
    problem.hidden = text === "";
  }

  const questions = Array.from(form.querySelectorAll("[data-question]"));

  function answers() {
    const intro = {};
    questions.forEach((field) => {
      if (field.value.trim()) intro[field.name] = field.value.trim();
    });
    return intro;
  }

  function keep() {
    const own = questions.filter((field) => field.tagName === "TEXTAREA").map((field) => field.value.trim());
    session.answers = { fields: answers(), words: own.filter(Boolean).join("\n\n") };
  }

  questions.forEach((field) => {
    const kept = session.answers.fields[field.name];
    if (kept) field.value = kept;
  });

  function explain(error) {
    if (error.code === "closed") {
      onClosed();
      return;
    }
    const later = error.retryAfter ? ` ${fill(texts.openLater, { seconds: error.retryAfter })}` : "";
    const title = error.code === "unavailable" ? texts.openUnavailable : error.title;
    show((title || texts.openFailed) + later);
  }

  form.addEventListener("input", () => {
    keep();
    // Other answers are another opening: the first would count.
    session.renewOpening();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    show("");
    openOnce(api, session, { language, intro: answers() })
      .then(onOpened, explain)
      .then(() => {
        button.disabled = false;
      });
  });
}

/**
 * Where the door is closed by now: her own words, so that they are not lost with it.
 * @param {HTMLElement} panel
 * @param {ReturnType<import("./session.js").createSession>} session
 */
export function showKept(panel, session) {
  const { words } = session.answers;
  panel.hidden = !words;
  panel.querySelector("[data-kept-words]").value = words;
  panel.querySelector("[data-forget]").addEventListener("click", () => {
    session.answers = { fields: {} };
    panel.hidden = true;
  });
}
