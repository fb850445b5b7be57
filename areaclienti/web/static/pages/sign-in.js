/** Sign-in: username and password, then at first access the six-digit code (manual 8a, 9a, 10a). */

import { h } from '../chat/dom.js';
import { TEXTS } from './it.js';
import { duration, request, revealer } from './shared.js';

const T = TEXTS.signIn;
const one = (selector) => document.querySelector(selector);
const steps = { password: one('#step-password'), code: one('#step-code'), noMobile: one('#step-no-mobile') };
const fields = { username: one('#username'), password: one('#password'), code: one('#code') };

let csrf = '';
let waiting = 0;

async function post(path, body) {
  if (!csrf) csrf = (await request('GET', '/api/sign-in')).csrf_token;
  try {
    return await request('POST', path, { body, csrf });
  } catch (error) {
    if (error.status !== 403) throw error;
    csrf = (await request('GET', '/api/sign-in')).csrf_token;
    return request('POST', path, { body, csrf });
  }
}

function show(step, focus) {
  for (const [name, section] of Object.entries(steps)) section.hidden = name !== step;
  focus?.focus();
}

function explain(box, [title, text], field) {
  box.replaceChildren(h('p', {}, h('strong', {}, title)), h('p', {}, text));
  box.hidden = false;
  field?.setAttribute('aria-invalid', 'true');
  box.focus();
}

function calm(step) {
  for (const box of step.querySelectorAll('.error-summary, .field-error, .good-news')) box.hidden = true;
  for (const field of step.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid');
}

/** Runs one submission of a form at a time, the button saying so. */
function submits(form, label, action) {
  const button = form.querySelector('[type="submit"]');
  let busy = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    button.setAttribute('aria-disabled', 'true');
    button.textContent = T.busy;
    try {
      await action();
    } finally {
      busy = false;
      button.removeAttribute('aria-disabled');
      button.textContent = label;
    }
  });
}

function missing(field, note) {
  const empty = !field.value.trim();
  note.hidden = !empty;
  if (empty) field.setAttribute('aria-invalid', 'true');
  return empty;
}

async function signIn() {
  calm(steps.password);
  const box = one('#password-error');
  const gaps = [missing(fields.username, one('#username-error')), missing(fields.password, one('#password-field-error'))];
  if (gaps.some(Boolean)) return explain(box, T.missing);
  try {
    follow(await post('/api/sign-in', { username: fields.username.value.trim(), password: fields.password.value }), box);
  } catch (error) {
    explain(box, error.status === 429 ? T.wait(duration(error.retryAfter ?? 30)) : T.failed);
  }
}

function follow(answer, box) {
  switch (answer.outcome) {
    case 'signed_in':
      return location.assign('/area-clienti');
    case 'code_required':
      fields.password.value = '';
      askForCode(answer.challenge);
      return show('code', fields.code);
    case 'no_mobile': // manual 10a
      fields.password.value = '';
      return show('noMobile', one('#titolo-cellulare'));
    case 'wait':
      return explain(box, T.wait(duration(answer.retry_after_seconds ?? 30)));
    default:
      fields.password.value = '';
      return explain(box, T.rejected, fields.password);
  }
}

function askForCode(challenge) {
  one('#destination').textContent = challenge?.masked_destination ? T.toNumber(challenge.masked_destination) : T.yourMobile;
  countDown(challenge?.resend_after_seconds ?? 30);
}

function countDown(seconds) {
  const button = one('#resend');
  clearInterval(waiting);
  const until = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    button.setAttribute('aria-disabled', String(left > 0));
    button.textContent = left > 0 ? T.resendIn(duration(left)) : T.resend;
    if (left <= 0) clearInterval(waiting);
  };
  waiting = setInterval(tick, 1000);
  tick();
}

async function verify() {
  calm(steps.code);
  const box = one('#code-error');
  const code = fields.code.value.replace(/[\s.\-–]/g, '');
  if (!/^\d{6}$/.test(code)) return explain(box, T.malformed, fields.code);
  try {
    const { outcome, attempts_left: left } = await post('/api/sign-in/verification', { code });
    fields.code.value = '';
    if (outcome === 'signed_in') return location.assign('/area-clienti');
    explain(box, outcome === 'wrong_code' ? T.wrong_code(left) : T[outcome] ?? T.failed, fields.code);
  } catch (error) {
    codeFailed(error, box);
  }
}

async function resend() {
  const button = one('#resend');
  if (button.getAttribute('aria-disabled') === 'true') return;
  calm(steps.code);
  button.setAttribute('aria-disabled', 'true');
  const box = one('#code-error');
  try {
    const { outcome, challenge, retry_after_seconds: wait } = await post('/api/sign-in/code', {});
    if (outcome === 'code_sent') {
      askForCode(challenge);
      one('#code-news').textContent = T.sent(challenge?.masked_destination);
      one('#code-news').hidden = false;
      return fields.code.focus();
    }
    countDown(wait ?? 60);
    if (outcome === 'limit_reached') explain(box, T.limit_reached(wait && duration(wait)));
  } catch (error) {
    button.setAttribute('aria-disabled', 'false');
    codeFailed(error, box);
  }
}

function codeFailed(error, box) {
  if (error.code === 'sign_in_expired') {
    show('password');
    return explain(one('#password-error'), T.expired);
  }
  explain(box, error.status === 429 ? T.wait(duration(error.retryAfter ?? 30)) : T.failed);
}

revealer(one('[data-reveals]'));
submits(one('#password-form'), T.submit, signIn);
submits(one('#code-form'), T.next, verify);
one('#resend').addEventListener('click', resend);
one('#back').addEventListener('click', () => show('password', fields.username));

// The page was loaded again while a code was on its way: go on where the customer was.
if (performance.getEntriesByType('navigation')[0]?.type === 'reload') {
  const { csrf_token: token, state } = await request('GET', '/api/sign-in');
  csrf = token;
  if (state === 'code_required') {
    askForCode(null);
    show('code', fields.code);
  }
}
