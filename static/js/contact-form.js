/** Entry of the pages with a registration form. */

import { setUpContactForm } from "./lib/contact-form.js";

document.querySelectorAll("[data-contact-form]").forEach((form) => {
  setUpContactForm(form);
});
