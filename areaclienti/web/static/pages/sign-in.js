/** Sign-in: username and password, then at first access the six-digit code (manual 8a, 9a, 10a). */

import { calm, codeIn, counter, explain, explainFailure, missing, post, refusedCode, submits, useToken } from './forms.js';
import { TEXTS } from './it.js';
import { duration, request, revealer } from './shared.js';

const T = { ...TEXTS.forms, ...TEXTS.signIn };
const one = (selector) => document.querySelector(selector);
const steps = { password: one('#step-password'), code: one('#step-code'), noMobile: one('#step-no-mobile') };
const fields = { username: one('#username'), password: one('#password'), code: one('#code') };
const countDown = counter(one('#resend'));

function show(step, focus) {
  for (const [name, section] of Object.entries(steps)) section.hidden = name !== step;
  focus?.focus();
}

async function signIn() {
  calm(steps.password);
  const box = one('#password-error');
  const gaps = [missing(fields.username, one('#username-error')), missing(fields.password, one('#password-field-error'))];
  if (gaps.some(Boolean)) return explain(box, T.missing);
  try {
    follow(await post('/api/sign-in', { username: fields.username.value.trim(), password: fields.password.value }), box);
  } catch (error) {
    explainFailure(box, error);
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

async function verify() {
  calm(steps.code);
  const box = one('#code-error');
  const code = codeIn(fields.code);
  if (!code) return explain(box, T.malformed, fields.code);
  try {
    const answer = await post('/api/sign-in/verification', { code });
    fields.code.value = '';
    if (answer.outcome === 'signed_in') return location.assign('/area-clienti');
    explain(box, refusedCode(answer), fields.code);
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
    const answer = await post('/api/sign-in/code');
    if (answer.outcome === 'code_sent') {
      askForCode(answer.challenge);
      one('#code-news').textContent = T.sent(answer.challenge?.masked_destination);
      one('#code-news').hidden = false;
      return fields.code.focus();
    }
    countDown(answer.retry_after_seconds ?? 60);
    if (answer.outcome === 'limit_reached') explain(box, refusedCode(answer));
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
  explainFailure(box, error);
}

revealer(one('[data-reveals]'));
submits(one('#password-form'), signIn);
submits(one('#code-form'), verify);
one('#resend').addEventListener('click', resend);
one('#back').addEventListener('click', () => show('password', fields.username));

// The page was loaded again while a code was on its way: go on where the customer was.
if (performance.getEntriesByType('navigation')[0]?.type === 'reload') {
  const { csrf_token: token, state } = await request('GET', '/api/sign-in');
  useToken(token);
  if (state === 'code_required') {
    askForCode(null);
    show('code', fields.code);
  }
}
