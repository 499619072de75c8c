/** The queue as it stands on the page: shown anew, walked to, and claimed from. */

import { fill } from "./texts.js";

/**
 * @param {object} options
 * @param {Element} options.root
 * @param {DOMStringMap} options.texts
 * @param {ReturnType<import("./desk-requests.js").createRequests>} options.requests
 * @param {function(number): void} options.onWaiting how many wait
 * @param {function(Element): void} options.onClaimed the panel of a conversation that is now one's own
 * @param {function(): void} options.onTried whoever won, the queue is another one now
 */
export function createQueueView({ root, texts, requests, onWaiting, onClaimed, onTried }) {
  const page = root.ownerDocument;
  const part = (name) => root.querySelector(`[data-${name}]`);
  const waiting = () => Number(part("queue").dataset.waiting);

  function announce(count) {
    part("announcement").textContent = fill(count === 1 ? texts.queueOne : texts.queueMany, { count });
  }

  function focus() {
    (part("queue").querySelector("button:not([disabled])") || part("queue-title")).focus();
  }

  function claim(form) {
    form.querySelector("button").disabled = true;
    part("queue-problem").hidden = true;
    requests
      .post(form.action)
      .then(
        (panel) => onClaimed(page.importNode(panel, true)),
        (problem) => {
          part("queue-problem").textContent = problem.title || texts.failed;
          part("queue-problem").hidden = false;
        },
      )
      .then(onTried);
  }

  root.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-claim]")) return;
    event.preventDefault();
    claim(event.target);
  });
  onWaiting(waiting());

  return {
    focus,
    /** @param {Element} found the partial as the server sent it */
    show(found) {
      const before = waiting();
      const place = part("queue-place");
      const focused = place.contains(page.activeElement);
      place.replaceChildren(page.importNode(found, true));
      if (waiting() > before) announce(waiting());
      if (focused) focus();
      onWaiting(waiting());
    },
  };
}
