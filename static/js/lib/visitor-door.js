/** The form before the conversation: optional questions and the button that opens it. */

import { fill } from "./texts.js";

/**
 * @param {object} options
 * @param {HTMLFormElement} options.form
 * @param {ReturnType<import("./visitor-api.js").createVisitorApi>} options.api
 * @param {string} options.language
 * @param {DOMStringMap} options.texts openFailed, openLater with {seconds}
 * @param {function({token: string, epoch: number}): void} options.onOpened
 * @param {function(): void} options.onClosed the helpline closed while the page lay open
 */
export function setUpDoor({ form, api, language, texts, onOpened, onClosed }) {
  const button = form.querySelector("[type=submit]");
  const problem = form.querySelector("[data-problem]");

  function show(text) {
    problem.textContent = text;
    problem.hidden = text === "";
  }

  function answers() {
    const intro = {};
    form.querySelectorAll("[data-question]").forEach((field) => {
      if (field.value.trim()) intro[field.name] = field.value.trim();
    });
    return intro;
  }

  function explain(error) {
    if (error.code === "closed") {
      onClosed();
      return;
    }
    const later = error.retryAfter ? ` ${fill(texts.openLater, { seconds: error.retryAfter })}` : "";
    show((error.title || texts.openFailed) + later);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    show("");
    api
      .open({ language, intro: answers() })
      .then(onOpened, explain)
      .then(() => {
        button.disabled = false;
      });
  });
}
