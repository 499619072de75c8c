/** Rules of the field in which a message is written, apart from the field itself. */

export const WARN_BELOW = 400;

/** Characters as the server counts them: an emoji outside the basic plane is one. */
export function countCharacters(text) {
  return Array.from(text).length;
}

/**
 * @returns {{left: number, warn: boolean, over: boolean, empty: boolean}}
 */
export function measure(text, limit) {
  const left = limit - countCharacters(text);
  return { left, warn: left < Math.min(WARN_BELOW, limit / 4), over: left < 0, empty: text.trim() === "" };
}

/**
 * Enter sends where there is a keyboard, and is a new line on touch, with Shift, and while an input method composes.
 * @param {KeyboardEvent} event
 * @param {boolean} touch
 */
export function isSendKey(event, touch) {
  if (event.key !== "Enter" || touch) return false;
  return !(event.shiftKey || event.isComposing || event.keyCode === 229);
}
