/** A question before something that cannot be undone, in the page itself: a dialog element is too young for old phones. */

/**
 * @param {object} options
 * @param {HTMLElement[]} options.openers the buttons that lead to the question
 * @param {HTMLElement} options.panel [data-confirm] with [data-yes], [data-no] and [data-problem]
 * @param {function(): Promise<*>} options.onYes
 * @param {function(): void} [options.onDone] after it went well and the question is put away: where the focus goes
 * @param {string} options.failed what to say when it went wrong without words of its own
 */
export function setUpConfirmation({ openers, panel, onYes, onDone = () => {}, failed }) {
  const yes = panel.querySelector("[data-yes]");
  const problem = panel.querySelector("[data-problem]");
  let opener = openers[0];

  function open(from) {
    opener = from;
    panel.parentNode.querySelectorAll("[data-confirm]").forEach((other) => {
      other.hidden = other !== panel;
    });
    problem.hidden = true;
    panel.parentNode.classList.add("is-asking");
    panel.querySelector("[data-question-title]").focus();
  }

  function putAway() {
    panel.hidden = true;
    panel.parentNode.classList.remove("is-asking");
  }

  function finish() {
    putAway();
    onDone();
  }

  function close() {
    putAway();
    // The opener may stand in a question that is itself put away.
    if (opener.offsetParent === null) openers[0].focus();
    else opener.focus();
  }

  openers.forEach((button) => button.addEventListener("click", () => open(button)));
  panel.querySelector("[data-no]").addEventListener("click", close);
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  yes.addEventListener("click", () => {
    yes.disabled = true;
    onYes()
      .then(finish, (error) => {
        problem.textContent = error.title || failed;
        problem.hidden = false;
      })
      .then(() => {
        yes.disabled = false;
      });
  });
}
