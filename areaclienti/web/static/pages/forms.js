/** What the forms of sign-in, password reset and customer area share: guarded requests, errors, codes, new passwords. */

import { h, icon } from '../chat/dom.js';
import { TEXTS } from './it.js';
import { duration, request } from './shared.js';

const T = TEXTS.forms;
let csrf = '';

/** Tells what is known already, so that the first POST needs no question before it. */
export function useToken(token) {
  csrf = token;
}

/** A POST with the page's CSRF token; a token that is over is replaced once, and an answer may bring the next one. */
export async function post(path, body = {}) {
  if (!csrf) csrf = (await request('GET', '/api/sign-in')).csrf_token;
  const answer = await request('POST', path, { body, csrf }).catch(async (error) => {
    if (error.status !== 403) throw error;
    csrf = (await request('GET', '/api/sign-in')).csrf_token;
    return request('POST', path, { body, csrf });
  });
  csrf = answer?.csrf_token ?? csrf;
  return answer;
}

/** Shows what went wrong and what to do, and moves there who reads with ears. */
export function explain(box, [title, text], ...wrong) {
  box.replaceChildren(h('p', {}, h('strong', {}, title)), h('p', {}, text));
  box.hidden = false;
  for (const field of wrong) field?.setAttribute('aria-invalid', 'true');
  box.focus();
}

/** Explains a request that failed. */
export function explainFailure(box, error) {
  explain(box, error.status === 429 ? T.wait(duration(error.retryAfter ?? 30)) : T.failed);
}

/** Takes away what an earlier try had shown. */
export function calm(step) {
  for (const box of step.querySelectorAll('.error-summary, .field-error, .good-news')) box.hidden = true;
  for (const field of step.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid');
}

/** Whether a field is empty; says so beside it. */
export function missing(field, note) {
  const empty = !field.value.trim();
  note.hidden = !empty;
  if (empty) field.setAttribute('aria-invalid', 'true');
  return empty;
}

/** Runs one submission of a form at a time, the button saying so. */
export function submits(form, action) {
  const button = form.querySelector('[type="submit"]');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    once(button, action);
  });
}

/** Runs what a button does, one at a time. */
export async function once(button, action) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  const label = button.textContent;
  button.setAttribute('aria-disabled', 'true');
  button.textContent = T.busy;
  try {
    await action();
  } finally {
    button.removeAttribute('aria-disabled');
    button.textContent = label;
  }
}

/** The six digits in a field, however they were typed, or null. */
export function codeIn(field) {
  const code = field.value.replace(/[\s.\-–]/g, '');
  return /^\d{6}$/.test(code) ? code : null;
}

/** What to say of a code that was refused. */
export function refusedCode({ outcome, attempts_left: left, retry_after_seconds: wait }) {
  if (outcome === 'wrong_code') return T.wrong_code(left);
  if (outcome === 'limit_reached') return T.limit_reached(wait && duration(wait));
  return T[outcome] ?? T.failed;
}

/** Makes a button count the seconds down until a new code may be asked for; gives the function that begins it. */
export function counter(button) {
  let ticking = 0;
  return (seconds) => {
    clearInterval(ticking);
    const until = Date.now() + seconds * 1000;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      button.setAttribute('aria-disabled', String(left > 0));
      button.textContent = left > 0 ? T.resendIn(duration(left)) : T.resend;
      if (left <= 0) clearInterval(ticking);
    };
    ticking = setInterval(tick, 1000);
    tick();
  };
}

// manual 5a, in the order of its screen
const RULES = {
  uppercase: (value) => /\p{Lu}/u.test(value),
  lowercase: (value) => /\p{Ll}/u.test(value),
  min_length: (value) => [...value].length >= 8,
  digit: (value) => /\d/.test(value),
};

/** The field of a new password: its rules light up as they are met, and what is refused is said beside it. */
export class NewPassword {
  constructor(form) {
    this.field = form.querySelector('#new-password');
    this.note = form.querySelector('#new-password-error');
    this.items = [...form.querySelectorAll('#password-rules [data-rule]')].map((item) => [item, item.textContent]);
    this.field.addEventListener('input', () => this.show());
    this.show();
  }

  show() {
    for (const [item, text] of this.items) {
      const met = RULES[item.dataset.rule](this.field.value);
      if (item.className === (met ? 'met' : 'unmet')) continue;
      item.className = met ? 'met' : 'unmet';
      item.replaceChildren(icon(met ? 'check' : 'dot'), h('span', {}, text), h('span', { class: 'unseen' }, `: ${met ? T.met : T.unmet}`));
    }
  }

  /** The rules that are not met yet, as the server would name them. */
  broken() {
    return Object.keys(RULES).filter((rule) => !RULES[rule](this.field.value));
  }

  /** Shows what is wrong with the password, beside it and above the form. */
  refuse(box, rules) {
    const told = rules.includes('too_personal') ? rules.filter((rule) => rule !== 'too_common') : rules;
    this.note.textContent = told.map((rule) => T.rules[rule] ?? T.rules.other).join(' ');
    this.note.hidden = false;
    explain(box, T.badPassword, this.field);
  }

  clear() {
    this.field.value = '';
    this.show();
  }
}
