/** Away from here, at once: the page goes blank before anything else, the neutral one takes its place in the history. */

import { createPressCounter } from "./presses.js";

/**
 * @param {object} options
 * @param {Document} options.page
 * @param {Element} options.button a plain link to the neutral page, so that it works before and without this
 * @param {function(): void} options.beforeLeaving forgets what the tab keeps
 */
export function setUpQuickExit({ page, button, beforeLeaving }) {
  const destination = button.href;

  function leave() {
    page.documentElement.classList.add("is-blank");
    page.body.textContent = "";
    page.title = "";
    try {
      beforeLeaving();
    } finally {
      replaceWith(destination, page.defaultView);
    }
  }

  const counter = createPressCounter({ keys: ["Shift", "Escape"], now: () => Date.now(), onEnough: leave });
  button.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
  page.addEventListener("keydown", (event) => counter.press(event));
}

/** The whole tab, also when the chat stands in a frame on somebody's website. A browser that forbids it leaves the frame. */
function replaceWith(destination, view) {
  try {
    view.top.location.replace(destination);
  } catch (_error) {
    view.location.replace(destination);
  }
}
