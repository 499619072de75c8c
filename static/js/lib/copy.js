/** A button [data-copy=ID] that copies the text of the element with that id. It stays hidden where that cannot work. */

/** @param {HTMLElement} button */
export function setUpCopy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) return;
  const label = button.querySelector("[data-copy-label]");
  button.hidden = false;
  button.addEventListener("click", () => {
    navigator.clipboard.writeText(source.textContent.trim()).then(
      () => {
        label.textContent = button.dataset.copied;
      },
      () => selectText(source),
    );
  });
}

/** Where copying is refused, the text is at least marked. */
function selectText(element) {
  window.getSelection().selectAllChildren(element);
}
