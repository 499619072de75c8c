/** Entry: forms made of rows. */

import { setUpRows } from "./lib/rows.js";

document.querySelectorAll("[data-rows]").forEach(setUpRows);
