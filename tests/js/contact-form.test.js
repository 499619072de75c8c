import assert from "node:assert/strict";
import { test } from "node:test";

import { matches, plain, shownThemes } from "../../static/js/lib/contact-form.js";

const THEMES = [
  { label: "Besøk", chosen: false, below: [] },
  {
    label: "Psykisk helse",
    chosen: false,
    below: [
      { label: "Angst og uro", chosen: false },
      { label: "Krise", chosen: false },
    ],
  },
];

function shown(search, themes = THEMES) {
  return shownThemes(search, themes).map((theme) => [theme.shown, ...theme.below]);
}

test("case, accents and spaces do not matter in a search", () => {
  assert.equal(plain("  Idé   og\nÅPEN dør "), "ide og apen dør");
  assert.ok(matches("uro  ANGST", "Angst og uro"));
  assert.ok(!matches("uro sorg", "Angst og uro"));
});

test("an empty search shows everything", () => {
  assert.deepEqual(shown(""), [[true], [true, true, true]]);
});

test("a sub-theme that matches shows the theme it lies under, and nothing else", () => {
  assert.deepEqual(shown("krise"), [[false], [true, false, true]]);
});

test("a theme that matches shows all that lies under it", () => {
  assert.deepEqual(shown("helse"), [[false], [true, true, true]]);
});

test("what is chosen stays in sight, or it would be sent unseen", () => {
  const themes = [
    { ...THEMES[0], chosen: true },
    { ...THEMES[1], below: [{ label: "Krise", chosen: true }] },
  ];

  assert.deepEqual(shown("finnes ikke", themes), [[true], [true, true]]);
});
