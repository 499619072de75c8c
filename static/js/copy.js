/** Entry: buttons that copy a text to the clipboard. */

import { setUpCopy } from "./lib/copy.js";

document.querySelectorAll("[data-copy]").forEach(setUpCopy);
