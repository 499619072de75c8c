/** The small switches of the desk: taking new conversations, sound, keys. */

import { createSound } from "./desk-sound.js";

/** Her own switch: pressed means that she takes new conversations. */
export function setUpPresence({ form, texts, requests, address }) {
  const button = form.querySelector("[data-toggle]");

  function show(available) {
    button.setAttribute("aria-pressed", String(available));
    form.querySelector("[data-label]").textContent = available ? texts.available : texts.unavailable;
    const dot = form.querySelector("[data-dot]");
    dot.classList.toggle("dot--on", available);
    dot.classList.toggle("dot--away", !available);
    form.elements.namedItem("available").value = available ? "0" : "1";
  }

  function set(available) {
    const body = new FormData();
    body.append("available", available ? "1" : "0");
    return requests.post(address, body).then(() => show(available));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    set(button.getAttribute("aria-pressed") !== "true")
      .catch(() => null)
      .then(() => {
        button.disabled = false;
        button.focus();
      });
  });

  return {
    /** The server forgets who was away; a switch that was off is off again when the link is back. */
    repeat() {
      if (button.getAttribute("aria-pressed") !== "true") set(false).catch(() => null);
    },
  };
}

export function setUpSound({ button, texts, view }) {
  const sound = createSound({
    storage: view.localStorage,
    openAudio: () => new view.AudioContext(),
    now: () => Date.now(),
  });
  const show = () => {
    button.setAttribute("aria-pressed", String(sound.on));
    button.querySelector("[data-label]").textContent = sound.on ? texts.soundOn : texts.soundOff;
  };
  button.hidden = !view.AudioContext;
  button.addEventListener("click", () => {
    sound.toggle();
    show();
  });
  show();
  return sound;
}

/** Alt with an arrow moves between conversations, Alt with K goes to the queue. By the place of the key, not its letter. */
export function setUpKeys({ page, onMove, onQueue }) {
  const keys = { ArrowDown: () => onMove(1), ArrowUp: () => onMove(-1), KeyK: onQueue };
  page.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !keys[event.code]) return;
    event.preventDefault();
    keys[event.code]();
  });
}
