/** Puts the phone page together: who one is, the chat of that phone, what happens behind the scenes. */

import { h } from '/static/chat/dom.js';
import { ask, Phone } from './api.js';
import { Chat } from './chat.js';
import { Developer } from './developer.js';
import { icon } from './icons.js';
import { TEXTS } from './it.js';
import { show } from './sheet.js';
import { spaced, whoScreen } from './who.js';

const KEPT = 'phone'; // in this tab's session: two tabs can be two people
const one = (selector) => document.querySelector(selector);

let phone = null;
let chat = null;
let about = null;

const developer = new Developer();

function choosePhone() {
  phone?.close();
  phone = chat = null;
  sessionStorage.removeItem(KEPT);
  developer.follow(() => []);
  one('#who-now').hidden = true;
  one('#screen').replaceChildren(whoScreen(about.people, (person) => take(person)));
}

/** Takes a phone in hand. */
function take(person) {
  let boot = person.boot ?? null;
  let isAway = false;
  const handlers = {
    hello(now) {
      const restarted = boot !== null && boot !== now;
      if (restarted) chat.clear();
      if (restarted) chat.note(TEXTS.chat.restarted);
      else if (isAway) chat.note(TEXTS.chat.online);
      isAway = false;
      boot = now;
      sessionStorage.setItem(KEPT, JSON.stringify({ ...person, boot }));
    },
    entry: (entry) => chat.put(entry),
    typing: (on) => chat.typing(on),
    offline() {
      if (!isAway) chat.note(TEXTS.chat.offline);
      isAway = true;
    },
  };
  phone = new Phone(person, handlers);
  chat = new Chat(phone, choosePhone);
  developer.follow(() => chat?.received() ?? []);
  one('#screen').replaceChildren(...chat.elements);
  showWho(person);
  phone.open();
  if (matchMedia('(hover: hover)').matches) chat.focus();
  else one('#telefono').focus();
}

function showWho({ name, mobile, email, story }) {
  const place = one('#who-now');
  place.hidden = false;
  place.className = 'now';
  place.replaceChildren(
    h('p', {}, TEXTS.now(name, spaced(mobile))),
    ...(story ? [h('p', {}, story)] : []),
    ...(email ? [h('p', { class: 'hint' }, TEXTS.nowEmail(email))] : []),
  );
}

function showAbout() {
  const dialog = one('#about-dialog');
  const close = h('button', { type: 'button', class: 'round', 'aria-label': TEXTS.chat.close, onclick: () => dialog.close() }, icon('close'));
  const link = (href, text) => h('li', {}, h('a', { href, target: '_blank', rel: 'noopener' }, text));
  const proof = one('#limits-of-proof').cloneNode(true);
  proof.removeAttribute('id');
  dialog.replaceChildren(
    h('header', {}, h('h2', { id: 'about-dialog-title' }, TEXTS.about.title), close),
    h(
      'div',
      { class: 'content', tabindex: '0', role: 'group', 'aria-labelledby': 'about-dialog-title' },
      h('p', {}, TEXTS.about.what),
      proof,
      h('ul', { class: 'links' }, about.mailbox && link(about.mailbox, TEXTS.about.mailbox), link(about.home, TEXTS.about.home)),
    ),
  );
  show(dialog);
}

function tick() {
  one('#clock').textContent = new Intl.DateTimeFormat('it-IT', { hour: '2-digit', minute: '2-digit' }).format(new Date());
}

async function begin() {
  try {
    about = await ask('GET', '/about');
  } catch {
    one('#screen').replaceChildren(h('p', { class: 'opening', role: 'alert' }, TEXTS.chat.offline));
    setTimeout(begin, 2000);
    return;
  }
  one('#home-link').href = about.home;
  if (about.mailbox) {
    one('#mailbox-link a').href = about.mailbox;
    one('#mailbox-link').hidden = false;
  }
  const kept = sessionStorage.getItem(KEPT);
  if (kept) take(JSON.parse(kept));
  else choosePhone();
}

tick();
setInterval(tick, 10_000);
one('#open-about').addEventListener('click', () => about && showAbout());
begin();
