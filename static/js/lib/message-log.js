/** Shows a transcript and what waits in the outbox, as elements made from the page's templates. Used by both sides. */

/**
 * @param {object} options
 * @param {Element} options.log role="log"; holds the messages
 * @param {Element} options.waiting holds what is not yet acknowledged, under the log
 * @param {HTMLTemplateElement} options.template .message with [data-author] [data-body] [data-time]
 * @param {HTMLTemplateElement} options.pendingTemplate .message with [data-body] [data-note] [data-retry] [data-discard]
 * @param {string} options.ownRole "visitor" or "counsellor"
 * @param {function(string): string} options.authorOf the name that stands over a role's messages
 * @param {string} options.language for the time of day
 * @param {{sending: string, unsent: string, refused: string, lost: string, sent: string, displayed: string}} options.texts
 * @param {function(string): void} options.onRetry
 * @param {function(string): void} options.onDiscard
 */
export function createMessageLog({
  log,
  waiting,
  template,
  pendingTemplate,
  ownRole,
  authorOf,
  language,
  texts,
  onRetry,
  onDiscard,
}) {
  // Plain "en" is American, with AM and PM.
  const times = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { hour: "2-digit", minute: "2-digit" });
  let lastOwn = null;
  let displayedSeq = 0;

  /** Seconds are missing in "2026-11-22T14:03Z", and older browsers do not read that. */
  function timeOf(at) {
    const moment = new Date(at.replace(/T(\d\d:\d\d)Z$/, "T$1:00Z"));
    return Number.isNaN(moment.getTime()) ? "" : times.format(moment);
  }

  function part(element, name) {
    return element.querySelector(`[data-${name}]`);
  }

  function showReceipt() {
    log.querySelectorAll("[data-receipt]").forEach((receipt) => {
      receipt.textContent = "";
    });
    if (!lastOwn) return;
    part(lastOwn.element, "receipt").textContent = lastOwn.seq <= displayedSeq ? texts.displayed : texts.sent;
  }

  return {
    message(frame) {
      const element = template.content.firstElementChild.cloneNode(true);
      const side = frame.role === "system" ? "system" : frame.role === ownRole ? "own" : "other";
      element.classList.add(`message--${side}`);
      part(element, "author").textContent = authorOf(frame.role);
      part(element, "body").textContent = frame.body;
      part(element, "time").textContent = timeOf(frame.at);
      part(element, "time").setAttribute("datetime", frame.at);
      element.dataset.seq = String(frame.seq);
      log.appendChild(element);
      if (side === "own") {
        lastOwn = { element, seq: frame.seq };
        showReceipt();
      }
    },
    displayed(seq) {
      displayedSeq = Math.max(displayedSeq, seq);
      showReceipt();
    },
    reset() {
      log.textContent = "";
      lastOwn = null;
      displayedSeq = 0;
    },
    /** Elements stay while their entry does, so that a button does not vanish under a finger. */
    outbox(entries) {
      const known = {};
      Array.from(waiting.children).forEach((element) => {
        known[element.dataset.originId] = element;
      });
      for (const entry of entries) {
        let element = known[entry.originId];
        delete known[entry.originId];
        if (!element) {
          element = pendingTemplate.content.firstElementChild.cloneNode(true);
          element.dataset.originId = entry.originId;
          part(element, "body").textContent = entry.body;
          part(element, "retry").addEventListener("click", () => onRetry(entry.originId));
          part(element, "discard").addEventListener("click", () => onDiscard(entry.originId));
          waiting.appendChild(element);
        }
        element.dataset.state = entry.state;
        const note = {
          new: "",
          sending: texts.sending,
          unsent: texts.unsent,
          refused: entry.title || texts.refused,
          lost: texts.lost,
        }[entry.state];
        if (part(element, "note").textContent !== note) part(element, "note").textContent = note;
        part(element, "retry").hidden = entry.state !== "unsent" && entry.state !== "lost";
        part(element, "discard").hidden = entry.state !== "refused";
      }
      Object.keys(known).forEach((originId) => waiting.removeChild(known[originId]));
    },
  };
}
