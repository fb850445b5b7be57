/** The one-time page: checks while the customer types what the server checks again. The form works without it too. */

import { NewPassword, calm, codeIn, explain } from './forms.js';
import { TEXTS } from './it.js';
import { revealer } from './shared.js';

const T = { ...TEXTS.forms, ...TEXTS.secretForm };
const form = document.querySelector('#secret-form');
const summary = document.querySelector('#summary');
const button = form.querySelector('[type="submit"]');
const label = button.textContent;
const { purpose } = form.dataset;
const field = form.querySelector('#value, #new-password');

const checks = {
  password() {
    const broken = password.broken();
    if (broken.length) password.refuse(summary, broken);
    return !broken.length;
  },
  verification_code() {
    if (!codeIn(field)) explain(summary, T.malformed, field);
    return Boolean(codeIn(field));
  },
  tax_code() {
    const written = field.value.trim();
    if (!written) explain(summary, T.missingTaxCode, field);
    return Boolean(written);
  },
};

const password = purpose === 'password' ? new NewPassword(form) : null;
for (const reveals of form.querySelectorAll('[data-reveals]')) revealer(reveals);

form.addEventListener('submit', (event) => {
  if (button.getAttribute('aria-disabled') === 'true') return event.preventDefault();
  calm(document);
  if (!checks[purpose]()) return event.preventDefault();
  if (field.type === 'text' && purpose === 'password') field.type = 'password'; // nothing is offered again in clear text
  button.setAttribute('aria-disabled', 'true');
  button.textContent = T.busy;
});

// Back from the next page: what was sent is not shown again.
window.addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return;
  form.reset();
  password?.show();
  button.removeAttribute('aria-disabled');
  button.textContent = label;
});
