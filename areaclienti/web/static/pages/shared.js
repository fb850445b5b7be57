/** What the pages' scripts share: one JSON request, Italian dates and durations, the show/hide button. */

import { TEXTS } from './it.js';

const AGO = new Intl.RelativeTimeFormat('it-IT', { numeric: 'auto' });
const DAY = new Intl.DateTimeFormat('it-IT', { day: 'numeric', month: 'long', year: 'numeric' });

/** The answer's JSON. Throws an Error with `status` (0: no answer) and `code` otherwise. */
export async function request(method, path, { body, csrf } = {}) {
  const headers = { Accept: 'application/json' };
  if (body) headers['Content-Type'] = 'application/json';
  if (csrf) headers['X-CSRF-Token'] = csrf;
  const signal = AbortSignal.timeout(20_000);
  const response = await fetch(path, { method, headers, signal, body: body && JSON.stringify(body), cache: 'no-store' }).catch(() => null);
  if (!response) throw Object.assign(new Error('network'), { status: 0, code: 'network' });
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return answer;
  const retryAfter = Number(response.headers.get('Retry-After')) || null;
  throw Object.assign(new Error(answer?.code), { status: response.status, code: answer?.code, failedRules: answer?.failed_rules, retryAfter });
}

export function day(iso) {
  return DAY.format(new Date(iso));
}

/** How long ago, as a customer would say it. */
export function ago(iso) {
  const minutes = Math.round((Date.now() - new Date(iso)) / 60_000);
  if (minutes < 1) return TEXTS.justNow;
  return minutes < 60 ? AGO.format(-minutes, 'minute') : AGO.format(-Math.round(minutes / 60), 'hour');
}

/** Seconds as a customer would say them. */
export function duration(seconds) {
  if (seconds < 120) return TEXTS.seconds(Math.ceil(seconds));
  return seconds <= 7200 ? TEXTS.minutes(Math.ceil(seconds / 60)) : TEXTS.hours(Math.ceil(seconds / 3600));
}

/** Makes a button with `data-reveals` show and hide the password of that field. */
export function revealer(button) {
  const field = document.getElementById(button.dataset.reveals);
  const about = button.getAttribute('aria-label').replace(TEXTS.show[1], '');
  button.hidden = false; // without this script it would do nothing
  button.addEventListener('click', () => {
    const visible = field.type === 'password';
    field.type = visible ? 'text' : 'password';
    const [short, long] = visible ? TEXTS.hide : TEXTS.show;
    button.textContent = short;
    // "Mostra la password attuale" keeps what it is about.
    button.setAttribute('aria-label', long + about);
  });
}
