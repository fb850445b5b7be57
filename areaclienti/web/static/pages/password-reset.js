/** A forgotten password: username, the code sent to the mobile on file, the new password. Tells nobody who has an account. */

import { NewPassword, calm, codeIn, counter, explain, explainFailure, missing, post, refusedCode, submits } from './forms.js';
import { TEXTS } from './it.js';
import { duration, revealer } from './shared.js';

const T = { ...TEXTS.forms, ...TEXTS.reset };
const one = (selector) => document.querySelector(selector);
const steps = { username: one('#step-username'), code: one('#step-code'), password: one('#step-password'), done: one('#step-done') };
const username = one('#username');
const code = one('#code');
const fresh = new NewPassword(one('#password-form'));
const countDown = counter(one('#resend'));

function show(step, focus) {
  for (const [name, section] of Object.entries(steps)) section.hidden = name !== step;
  const order = Object.keys(steps);
  for (const item of one('#stages').children) {
    const place = order.indexOf(item.dataset.stage) - order.indexOf(step);
    if (place === 0) item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
    item.classList.toggle('past', place < 0);
  }
  focus?.focus();
}

function startOver([title, text]) {
  show('username');
  explain(one('#username-summary'), [title, text]);
}

function failed(error, box) {
  if (error.code === 'reset_expired') startOver(T.expired);
  else explainFailure(box, error);
}

function sent({ life_minutes: minutes, resend_after_seconds: seconds }) {
  one('#life').textContent = minutes ? T.life(minutes) : '';
  countDown(seconds ?? 30);
}

async function begin() {
  calm(steps.username);
  const box = one('#username-summary');
  if (missing(username, one('#username-error'))) return explain(box, T.missing);
  try {
    const answer = await post('/api/password-reset', { username: username.value.trim() });
    if (answer.outcome !== 'code_sent') return explain(box, T.wait(duration(answer.retry_after_seconds ?? 60)));
    calm(steps.code);
    code.value = '';
    sent(answer);
    show('code', code);
  } catch (error) {
    failed(error, box);
  }
}

async function verify() {
  calm(steps.code);
  const box = one('#code-summary');
  const digits = codeIn(code);
  if (!digits) return explain(box, T.malformed, code);
  try {
    const answer = await post('/api/password-reset/verification', { code: digits });
    code.value = '';
    if (answer.outcome === 'confirmed') return show('password', one('#titolo-password'));
    explain(box, refusedCode(answer), code);
  } catch (error) {
    failed(error, box);
  }
}

async function resend() {
  const button = one('#resend');
  if (button.getAttribute('aria-disabled') === 'true') return;
  calm(steps.code);
  button.setAttribute('aria-disabled', 'true');
  const box = one('#code-summary');
  try {
    const answer = await post('/api/password-reset/code');
    if (answer.outcome === 'code_sent') {
      sent(answer);
      one('#code-news').textContent = T.sentIfKnown;
      one('#code-news').hidden = false;
      return code.focus();
    }
    countDown(answer.retry_after_seconds ?? 600);
    if (answer.outcome === 'limit_reached') explain(box, refusedCode(answer));
  } catch (error) {
    button.setAttribute('aria-disabled', 'false');
    failed(error, box);
  }
}

async function save() {
  calm(steps.password);
  const box = one('#password-summary');
  const broken = fresh.broken();
  if (broken.length) return fresh.refuse(box, broken);
  try {
    await post('/api/password-reset/password', { password: fresh.field.value });
    fresh.clear();
    show('done', one('#titolo-fatto'));
  } catch (error) {
    if (error.code === 'secret_rejected') fresh.refuse(box, error.failedRules);
    else failed(error, box);
  }
}

for (const button of document.querySelectorAll('[data-reveals]')) revealer(button);
submits(one('#username-form'), begin);
submits(one('#code-form'), verify);
submits(one('#password-form'), save);
one('#resend').addEventListener('click', resend);
one('#again').addEventListener('click', () => show('username', username));
