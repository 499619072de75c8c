/** Entry of the counsellor's desk. */

import { setUpDesk } from "./lib/desk.js";
import { tabStorage } from "./lib/session.js";

const root = document.querySelector("[data-desk]");
if (root && root.dataset.answers === "1") setUpDesk(root, tabStorage(window));
