/** The customer area: greeting, policies, consultant, security, "Esci". Without a session it leads to sign-in. */

import { h, icon } from '../chat/dom.js';
import { TEXTS } from './it.js';
import { SecureDialog } from './secure-dialog.js';
import { ago, day, request } from './shared.js';

const T = TEXTS.area;
const EURO = new Intl.NumberFormat('it-IT', { style: 'currency', currency: 'EUR', useGrouping: 'always' });
const PHONES = ['iPhone o iPad', 'Android'];
const one = (selector) => document.querySelector(selector);

function policy({ number, product, line, status, started_on: started, expires_on: expires, annual_premium_cents: cents }) {
  const item = one('#policy').content.cloneNode(true);
  const slot = (name) => item.querySelector(`[data-slot="${name}"]`);
  slot('product').textContent = product;
  slot('number').textContent = number;
  slot('line').textContent = T.lines[line] ?? line;
  slot('status').textContent = status.charAt(0).toUpperCase() + status.slice(1);
  slot('status').classList.toggle('active', status === 'attiva');
  slot('started').textContent = started ? day(started) : '';
  slot('expires').textContent = expires ? day(expires) : T.noExpiry;
  slot('premium').textContent = EURO.format(cents / 100);
  return item;
}

function consultant(person) {
  if (!person) return [h('p', {}, T.noConsultant)];
  const { name, agency, phone, email } = person;
  return [
    h('p', {}, h('strong', {}, name)),
    h('p', { class: 'hint' }, agency),
    phone && h('p', {}, T.call, h('a', { href: `tel:${phone.replace(/[^+\d]/g, '')}` }, phone)),
    email && h('p', {}, T.write, h('a', { href: `mailto:${email}` }, email)),
  ].filter(Boolean);
}

function session({ browser, system, signed_in_at: since, last_seen_at: seen, current }) {
  return h(
    'li',
    {},
    icon(PHONES.includes(system) ? 'phone' : 'screen'),
    h(
      'div',
      {},
      h('p', {}, h('strong', {}, T.device(browser, system)), current && h('span', { class: 'status active' }, T.thisDevice)),
      h('p', { class: 'hint' }, current ? T.since(ago(since)) : T.seen(ago(seen), ago(since))),
    ),
  );
}

function fail(text) {
  one('#failure').textContent = text;
  one('#failure').hidden = false;
}

function tell(text) {
  one('#news').textContent = text;
  one('#news').hidden = false;
  one('#news').focus();
}

async function signOut() {
  try {
    const { csrf_token: csrf } = await request('GET', '/api/sign-in');
    await request('DELETE', '/api/sign-in', { csrf });
    location.assign('/accedi');
  } catch {
    fail(T.signOutFailed);
  }
}

async function showSessions() {
  try {
    const { sessions } = await request('GET', '/api/sessions');
    one('#sessions').replaceChildren(...sessions.map(session));
    one('#end-others').hidden = sessions.length < 2;
  } catch (error) {
    if (error.status === 401) return location.replace('/accedi');
    one('#sessions').replaceChildren(h('li', {}, h('p', {}, T.sessionsFailed)));
  }
}

const dialog = new SecureDialog(one('#secure'), {
  signedOut: () => location.replace('/accedi'),
  async done(action) {
    if (action === 'deactivate') {
      one('#area').hidden = one('#sign-out').hidden = true;
      one('#gone').hidden = false;
      return one('#titolo-fine').focus();
    }
    await showSessions();
    tell(T.done[action]);
  },
});
for (const button of document.querySelectorAll('[data-action]')) {
  button.addEventListener('click', () => {
    one('#news').hidden = true;
    dialog.open(button.dataset.action, button);
  });
}

try {
  const me = await request('GET', '/api/me');
  one('#greeting').textContent = T.greeting(me.display_name);
  one('#account').textContent = T.account(me.username_masked);
  one('#policies').replaceChildren(...(me.policies.length ? me.policies.map(policy) : [h('li', { class: 'panel' }, T.none)]));
  one('#consultant').replaceChildren(...consultant(me.consultant));
  one('#area').hidden = false;
  one('#sign-out').hidden = false;
  one('#sign-out').addEventListener('click', signOut);
  await showSessions();
} catch (error) {
  if (error.status === 401) location.replace('/accedi');
  else fail(T.failed);
}
one('#loading').hidden = true;
