import assert from "node:assert/strict";
import { test } from "node:test";
import { copyValues, nextWeekday, numberRow } from "../../static/js/lib/rows.js";

function row(fields) {
  return { querySelectorAll: () => fields };
}

function element(attributes) {
  return {
    attributes,
    getAttribute: (name) => (name in attributes ? attributes[name] : null),
    setAttribute(name, value) {
      attributes[name] = value;
    },
  };
}

test("the day after Sunday is Monday, and no day stays no day", () => {
  assert.deepEqual(["0", "5", "6", ""].map(nextWeekday), ["1", "6", "0", ""]);
});

test("a new row gets its number wherever the placeholder stands, and nothing else changes", () => {
  const control = element({ id: "id_hours-__prefix__-opens", name: "hours-__prefix__-opens", class: "input" });
  const label = element({ for: "id_hours-__prefix__-opens" });

  numberRow(row([control, label]), 7);

  assert.deepEqual(control.attributes, { id: "id_hours-7-opens", name: "hours-7-opens", class: "input" });
  assert.deepEqual(label.attributes, { for: "id_hours-7-opens" });
});

test("a copy has the same times on the next day, and neither the identity nor the mark for removal", () => {
  const from = ["id", "weekday", "starts", "DELETE", "ORDER"].map((name) => ({
    name: `pattern-0-${name}`,
    value: "3",
  }));
  const copy = from.map(() => ({ value: "" }));

  copyValues(row(from), row(copy));

  assert.deepEqual(
    copy.map((field) => field.value),
    ["", "4", "3", "", ""],
  );
});
