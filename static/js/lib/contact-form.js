/** Comfort for the registration form: search in the themes, how many are chosen, and only what the kind asks for. */

import { fill } from "./texts.js";

const GENUINE = "genuine";

/** What people type and what is written, made alike: case, accents and double spaces do not matter. */
export function plain(text) {
  return text
    .toLocaleLowerCase("nb")
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

/**
 * Whether every word of the search stands somewhere in the text.
 * @param {string} search
 * @param {string} text
 */
export function matches(search, text) {
  const words = plain(search).split(" ").filter(Boolean);
  const within = plain(text);
  return words.every((word) => within.includes(word));
}

/**
 * Which entries of the tree are shown. An entry under another is shown with it, and shows it.
 * @param {string} search
 * @param {{label: string, chosen: boolean, below: {label: string, chosen: boolean}[]}[]} themes
 * @returns {{shown: boolean, below: boolean[]}[]}
 */
export function shownThemes(search, themes) {
  return themes.map((theme) => {
    const own = theme.chosen || matches(search, theme.label);
    const whole = matches(search, theme.label);
    const below = theme.below.map((child) => whole || child.chosen || matches(search, child.label));
    return { shown: own || below.some(Boolean), below };
  });
}

/** @param {HTMLFormElement | HTMLElement} form holds the partial stats/_contact_form.html */
export function setUpContactForm(form) {
  const themes = form.querySelector("[data-themes]");
  if (themes) setUpThemes(themes);
  setUpKind(form);
}

/** Only genuine contacts have themes, answers and referrals: for others they are put away, and not sent. */
function setUpKind(form) {
  const kinds = [...form.querySelectorAll("input[type=radio]")].filter((box) => /(^|-)kind$/.test(box.name));
  const parts = [...form.querySelectorAll("[data-genuine]")];

  function refresh() {
    const chosen = kinds.find((box) => box.checked);
    const hidden = Boolean(chosen) && chosen.value !== GENUINE;
    for (const part of parts) {
      part.hidden = hidden;
      for (const box of part.querySelectorAll("input")) box.disabled = hidden;
    }
  }

  for (const box of kinds) box.addEventListener("change", refresh);
  refresh();
}

function setUpThemes(themes) {
  const search = themes.querySelector("[data-search]");
  const field = search.querySelector("input");
  const none = search.querySelector("[data-none]");
  const chosen = themes.querySelector("[data-chosen]");
  const items = [...themes.querySelectorAll(".theme-list > [data-theme]")].map((element) => ({
    element,
    box: element.querySelector("input"),
    label: element.querySelector("label").textContent,
    below: [...element.querySelectorAll("[data-theme]")].map((child) => ({
      element: child,
      box: child.querySelector("input"),
      label: child.textContent,
    })),
  }));

  function refresh() {
    const state = (item) => ({ label: item.label, chosen: item.box.checked });
    const shown = shownThemes(
      field.value,
      items.map((item) => ({ ...state(item), below: item.below.map(state) })),
    );
    items.forEach((item, index) => {
      item.element.hidden = !shown[index].shown;
      item.below.forEach((child, number) => {
        child.element.hidden = !shown[index].below[number];
      });
    });
    none.textContent = shown.some((item) => item.shown) ? "" : none.dataset.text;
    const count = themes.querySelectorAll("input[type=checkbox]:checked").length;
    chosen.textContent = count ? fill(chosen.dataset.text, { count }) : "";
  }

  search.hidden = items.length < 8;
  field.addEventListener("input", refresh);
  // Enter in a search field would send the form, half filled in.
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  themes.addEventListener("change", refresh);
  refresh();
}
