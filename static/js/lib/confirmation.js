/** A question before something that cannot be undone, in the page itself: a dialog element is too young for old phones. */

/**
 * @param {object} options
 * @param {Element} options.opener the button that leads to the question
 * @param {HTMLElement} options.panel with [data-yes], [data-no] and [data-problem]
 * @param {function(): Promise<*>} options.onYes
 * @param {string} options.failed what to say when it went wrong without words of its own
 */
export function setUpConfirmation({ opener, panel, onYes, failed }) {
  const yes = panel.querySelector("[data-yes]");
  const problem = panel.querySelector("[data-problem]");

  function close() {
    panel.hidden = true;
    problem.hidden = true;
    opener.setAttribute("aria-expanded", "false");
  }

  opener.addEventListener("click", () => {
    panel.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    yes.focus();
  });
  panel.querySelector("[data-no]").addEventListener("click", () => {
    close();
    opener.focus();
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    close();
    opener.focus();
  });
  yes.addEventListener("click", () => {
    yes.disabled = true;
    onYes()
      .then(close, (error) => {
        problem.textContent = error.title || failed;
        problem.hidden = false;
      })
      .then(() => {
        yes.disabled = false;
      });
  });
}
