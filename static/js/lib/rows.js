/** Rows of a form that can be added and copied. Without this one empty row is there, and storing brings another. */

const PLACEHOLDER = "__prefix__";
const NUMBERED = ["id", "name", "for", "aria-describedby"];

/** @param {HTMLElement} root [data-rows] */
export function setUpRows(root) {
  const total = root.querySelector('input[name$="-TOTAL_FORMS"]');
  const list = root.querySelector("[data-rows-list]");
  const empty = root.querySelector("[data-rows-empty]");
  const adding = root.querySelector("[data-rows-add]");

  function append() {
    const row = document.importNode(empty.content, true).querySelector("[data-row]");
    numberRow(row, Number(total.value));
    total.value = String(Number(total.value) + 1);
    list.appendChild(row);
    prepare(row);
    return row;
  }

  function prepare(row) {
    const copying = row.querySelector("[data-row-copy]");
    if (!copying) return;
    copying.hidden = false;
    copying.addEventListener("click", () => {
      const copy = append();
      copyValues(row, copy);
      firstControl(copy).focus();
    });
  }

  list.querySelectorAll("[data-row]").forEach(prepare);
  adding.hidden = false;
  adding.addEventListener("click", () => firstControl(append()).focus());
}

/** Give the controls of a new row their number. */
export function numberRow(row, number) {
  row.querySelectorAll("*").forEach((element) => {
    NUMBERED.forEach((attribute) => {
      const value = element.getAttribute(attribute);
      if (value && value.indexOf(PLACEHOLDER) !== -1) {
        element.setAttribute(attribute, value.split(PLACEHOLDER).join(String(number)));
      }
    });
  });
}

/** What is written in `row`, in `copy` too; a weekday becomes the next one: the same shift tomorrow. */
export function copyValues(row, copy) {
  const fields = row.querySelectorAll("input, select, textarea");
  const copies = copy.querySelectorAll("input, select, textarea");
  fields.forEach((field, place) => {
    const name = field.name.split("-").pop();
    if (name === "id" || name === "DELETE" || name === "ORDER") return;
    copies[place].value = name === "weekday" ? nextWeekday(field.value) : field.value;
  });
}

/** @param {string} weekday "0" (Monday) to "6", or empty */
export function nextWeekday(weekday) {
  return weekday === "" ? "" : String((Number(weekday) + 1) % 7);
}

function firstControl(row) {
  return row.querySelector("select, input:not([type=hidden]), textarea");
}
