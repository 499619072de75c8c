/** Texts come from the page, already in its language: data attributes with {names} to be filled in. */

/** @param {string} text @param {Object<string, *>} values */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/**
 * The sentence on the place in the queue.
 * @param {DOMStringMap} texts next, place
 */
export function placeSentence(place, texts) {
  return place <= 1 ? texts.next : fill(texts.place, { place });
}

/**
 * The sentence on the waiting time: none is promised where none is known.
 * @param {DOMStringMap} texts estimateUnknown, estimateShort, estimate, estimateLong
 */
export function estimateSentence(minutes, texts) {
  if (minutes === null || minutes === undefined) return texts.estimateUnknown;
  if (minutes <= 2) return texts.estimateShort;
  if (minutes > 60) return texts.estimateLong;
  return fill(texts.estimate, { minutes: minutes < 10 ? minutes : Math.ceil(minutes / 5) * 5 });
}
