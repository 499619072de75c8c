import assert from "node:assert/strict";
import { test } from "node:test";

import { estimateSentence, fill, placeSentence } from "../../static/js/lib/texts.js";

const TEXTS = {
  next: "Du er neste.",
  place: "Du er nummer {place}.",
  estimate: "Rundt {minutes} minutter.",
  estimateShort: "Snart.",
  estimateLong: "Over en time.",
  estimateUnknown: "Vi vet ikke.",
};

test("names in braces are filled in, and unknown ones are left", () => {
  assert.equal(fill("{a} og {a} og {b}", { a: 1 }), "1 og 1 og {b}");
});

test("a name from the outside is text, whatever it holds", () => {
  assert.equal(fill("{name} skriver", { name: "$& {name}" }), "$& {name} skriver");
});

test("the first in the queue is next", () => {
  assert.equal(placeSentence(1, TEXTS), "Du er neste.");
  assert.equal(placeSentence(2, TEXTS), "Du er nummer 2.");
});

test("no time is promised where none is known", () => {
  assert.equal(estimateSentence(null, TEXTS), "Vi vet ikke.");
  assert.equal(estimateSentence(undefined, TEXTS), "Vi vet ikke.");
});

test("the estimate is as coarse as it is sure, and never rounded down beyond ten minutes", () => {
  const sentences = [1, 2, 3, 9, 10, 11, 31, 60, 61].map((minutes) => estimateSentence(minutes, TEXTS));

  assert.deepEqual(sentences, [
    "Snart.",
    "Snart.",
    "Rundt 3 minutter.",
    "Rundt 9 minutter.",
    "Rundt 10 minutter.",
    "Rundt 15 minutter.",
    "Rundt 35 minutter.",
    "Rundt 60 minutter.",
    "Over en time.",
  ]);
});
