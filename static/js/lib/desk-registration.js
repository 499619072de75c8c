/** The form on an ended conversation. It stays where it is while it is filled in, whatever happens in the others. */

import { setUpContactForm } from "./contact-form.js";

/**
 * @param {object} options
 * @param {HTMLElement} options.place [data-address]: where the form is fetched and posted; [data-list]: the page with
 *   what is left to register
 * @param {ReturnType<import("./desk-requests.js").createRequests>} options.requests
 * @param {DOMStringMap} options.texts
 * @param {boolean} options.erased by its visitor: the list still has it, but nothing that says which conversation it was
 * @param {function(): void} options.onDone
 */
export function setUpRegistration({ place, requests, texts, erased, onDone }) {
  function show(found) {
    place.replaceChildren(place.ownerDocument.importNode(found, true));
    const form = place.querySelector("form");
    if (!form) {
      onDone();
      return;
    }
    setUpContactForm(form);
    form.addEventListener("submit", (event) => submit(event, form));
  }

  function submit(event, form) {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    requests
      .post(place.dataset.address, new FormData(form))
      .then((found) => {
        show(found);
        const problem = place.querySelector("[aria-invalid=true], [data-done]");
        if (problem) problem.focus();
      })
      .catch((problem) => {
        const line = form.querySelector("[data-problem]");
        line.textContent = problem.title || texts.failed;
        line.hidden = false;
        button.disabled = false;
      });
  }

  function showList() {
    const link = place.ownerDocument.createElement("a");
    link.className = "button button--primary";
    link.href = place.dataset.list;
    link.textContent = texts.registerFromList;
    place.replaceChildren(link);
  }

  if (erased) showList();
  else requests.get(place.dataset.address).then(show, showList);
}
