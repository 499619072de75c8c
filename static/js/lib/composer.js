/** The field in which a message is written. Used by both sides. */

import { fill } from "./texts.js";
import { isSendKey, measure } from "./writing.js";

/**
 * @param {object} options
 * @param {HTMLFormElement} options.form with a textarea, [data-counter] (role="status") and a submit button
 * @param {boolean} options.touch Enter is a new line
 * @param {{left: string, over: string}} options.texts with {count}
 * @param {function(string): void} options.onSend
 * @param {function(string): void} options.onWrite every change of the text
 */
export function createComposer({ form, touch, texts, onSend, onWrite }) {
  const field = form.querySelector("textarea");
  const counter = form.querySelector("[data-counter]");
  let limit = 4000;

  function refresh() {
    const { left, warn, over } = measure(field.value, limit);
    field.setAttribute("aria-invalid", String(over));
    const text = over ? fill(texts.over, { count: -left }) : warn ? fill(texts.left, { count: left }) : "";
    if (counter.textContent !== text) counter.textContent = text;
    counter.hidden = text === "";
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
  }

  function submit() {
    const { over, empty } = measure(field.value, limit);
    if (over || empty) {
      field.focus();
      return;
    }
    const text = field.value.trim();
    field.value = "";
    refresh();
    field.focus();
    onSend(text);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  // A tap on the button must not take the focus from the field, or the keyboard folds away under the finger.
  form.querySelector("[type=submit]").addEventListener("pointerdown", (event) => event.preventDefault());
  field.addEventListener("keydown", (event) => {
    if (!isSendKey(event, touch)) return;
    event.preventDefault();
    submit();
  });
  field.addEventListener("input", () => {
    refresh();
    onWrite(field.value);
  });
  refresh();

  return {
    get text() {
      return field.value;
    },
    set text(value) {
      field.value = value;
      refresh();
    },
    set limit(value) {
      limit = value;
      refresh();
    },
    focus: () => field.focus(),
  };
}
