/** The chat on the phone: its head, the log, and the field to write in. */

import { avatar, h } from '/static/chat/dom.js';
import { Bubble, quoteOf } from './bubble.js';
import { icon } from './icons.js';
import { TEXTS } from './it.js';
import { openSheet } from './sheet.js';

const T = TEXTS.chat;
const DAY = new Intl.DateTimeFormat('it-IT', { weekday: 'long', day: 'numeric', month: 'long' });
const EMOJIS = ['👍', '❤️', '😂', '😮', '😢', '🙏'];
const ATTACHMENTS = ['audio', 'image', 'video', 'document', 'location', 'contacts', 'sticker', 'unsupported'];

export class Chat {
  #phone;
  #leave;
  #bubbles = new Map();
  #seen = 0;
  #about = null; // what is being answered or changed: {mode: 'reply' | 'edit', entry}
  #log = h('div', { class: 'log', id: 'log', role: 'log', tabindex: '0', 'aria-label': T.log });
  #sub = h('p', { class: 'sub' }, T.sub);
  #dots = h('div', { class: 'typing', 'aria-hidden': 'true', hidden: true }, h('i'), h('i'), h('i'));
  #aboutWhat = h('div', { class: 'about-what', hidden: true });
  #field = h('textarea', { rows: '1', 'aria-label': T.message, placeholder: T.message, enterkeyhint: 'send', maxlength: '4096' });

  /** `leave()` goes back to the choice of a phone. */
  constructor(phone, leave) {
    this.#phone = phone;
    this.#leave = leave;
    this.#field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) (event.preventDefault(), this.#submit());
      if (event.key === 'Escape') this.#speakOf(null);
    });
    const round = (name, label, onclick, extra = {}) => h('button', { type: 'button', class: 'round', 'aria-label': label, title: label, onclick, ...extra }, icon(name));
    this.elements = [
      h(
        'header',
        { class: 'head' },
        avatar('bot'),
        h('div', { class: 'titles' }, h('h2', {}, T.name), this.#sub),
        round('clock', T.clock, () => this.#passDay()),
        round('person', T.change, () => this.#leave()),
      ),
      this.#log,
      h(
        'div',
        { class: 'write' },
        this.#aboutWhat,
        h(
          'form',
          { onsubmit: (event) => (event.preventDefault(), this.#submit()) },
          h('div', { class: 'box' }, round('attach', T.attach, () => this.#attach(), { 'aria-haspopup': 'dialog' }), this.#field),
          h('button', { class: 'round go', 'aria-label': T.send, title: T.send }, icon('send')),
        ),
      ),
    ];
    this.clear();
    document.addEventListener('visibilitychange', () => this.see());
  }

  /** Forgets everything, as after a restart of the simulator. */
  clear() {
    this.#bubbles.clear();
    this.#seen = 0;
    this.#speakOf(null);
    this.#hello = h('button', { type: 'button', class: 'strong hello', onclick: () => this.#send({ type: 'text', text: T.hello }) }, T.hello);
    this.#log.replaceChildren(h('p', { class: 'chip' }, T.begin), this.#hello, this.#dots);
  }

  #hello;

  /** Shows an entry, or what changed of it. */
  put(entry) {
    const atEnd = this.#isAtEnd();
    let bubble = this.#bubbles.get(entry.n);
    if (!bubble) {
      bubble = new Bubble({
        choose: (_, reply) => this.#send({ ...reply, context: bubble.entry.wamid }),
        list: (asked) => this.#openList(asked),
        menu: (about) => this.#openMenu(about),
        quoted: (wamid) => this.#find(wamid)?.entry,
        jump: (wamid) => this.#find(wamid)?.element.scrollIntoView({ block: 'center', behavior: 'smooth' }),
      });
      this.#bubbles.set(entry.n, bubble);
      bubble.update(entry);
      this.#hello.hidden = true;
      this.#dots.before(bubble.element);
    } else bubble.update(entry);
    this.#arrange();
    if (atEnd) this.toEnd();
    this.see();
  }

  /** A line of the simulator's own between the messages. */
  note(text) {
    this.#dots.before(h('p', { class: 'chip' }, text));
    this.toEnd();
  }

  typing(on) {
    const atEnd = this.#isAtEnd();
    this.#dots.hidden = !on;
    this.#sub.textContent = on ? T.typing : T.sub;
    if (atEnd) this.toEnd();
  }

  toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  /** Tells the simulator up to where the person has seen the chat: those messages get their blue ticks. */
  see() {
    const last = Math.max(0, ...[...this.#bubbles.values()].filter(({ entry }) => entry.side === 'business').map(({ entry }) => entry.n));
    if (document.hidden || last <= this.#seen || !this.#log.isConnected) return;
    this.#seen = last;
    this.#phone.seen(last).catch(() => (this.#seen = 0));
  }

  /** The entries that the business sent, newest first. */
  received() {
    return [...this.#bubbles.values()].map(({ entry }) => entry).filter(({ side }) => side === 'business').reverse();
  }

  focus() {
    this.#field.focus();
  }

  /** Days between the messages, and the corner of the first of several in a row. */
  #arrange() {
    for (const day of this.#log.querySelectorAll('.day')) day.remove();
    let before = null;
    for (const { element, entry } of this.#bubbles.values()) {
      const day = dayOf(entry.at);
      if (day !== before?.day) element.before(h('p', { class: 'chip day' }, day));
      element.classList.toggle('first', before?.side !== entry.side || day !== before?.day);
      before = { day, side: entry.side };
    }
  }

  #isAtEnd() {
    return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 120;
  }

  #find(wamid) {
    return [...this.#bubbles.values()].find(({ entry }) => entry.wamid === wamid);
  }

  #submit() {
    const text = this.#field.value.trim();
    if (!text) return;
    const { mode, entry } = this.#about ?? {};
    this.#field.value = '';
    this.#speakOf(null);
    this.#send(mode === 'edit' ? { type: 'edited', wamid: entry.wamid, text } : { type: 'text', text, ...(mode === 'reply' ? { context: entry.wamid } : {}) });
  }

  async #send(wish) {
    this.toEnd();
    try {
      const { delivered } = await this.#phone.send(wish);
      if (!delivered) this.note(T.undelivered);
    } catch {
      this.note(T.failed);
      if (wish.type === 'text' && !this.#field.value) this.#field.value = wish.text;
    }
  }

  async #passDay() {
    try {
      await this.#phone.letPass(25);
      this.note(T.clockDone);
    } catch {
      this.note(T.offline);
    }
  }

  #speakOf(about) {
    this.#about = about;
    this.#aboutWhat.hidden = !about;
    if (!about) return this.#aboutWhat.replaceChildren();
    const cancel = h('button', { type: 'button', class: 'round', 'aria-label': T.cancel, onclick: () => (this.#speakOf(null), this.focus()) }, icon('close'));
    this.#aboutWhat.replaceChildren(quoteOf(about.entry, () => this.#find(about.entry.wamid)?.element.scrollIntoView({ block: 'center' })), cancel);
    if (about.mode === 'edit') this.#field.value = about.entry.payload.text.body;
    this.focus();
  }

  #attach() {
    let chosen = null;
    const tile = (type, close) => h('button', { type: 'button', onclick: () => ((chosen = type), close()) }, icon(type), TEXTS.media[type]);
    openSheet(T.attach, (close) => h('div', { class: 'entries tiles' }, ATTACHMENTS.map((type) => tile(type, close)))).then(() => {
      if (chosen) this.#send({ type: chosen });
      this.focus();
    });
  }

  #openList(entry) {
    const { action } = entry.payload.interactive;
    let chosen = null;
    const option = (row) =>
      h(
        'label',
        { class: 'option' },
        h('span', {}, row.title, row.description && h('small', {}, row.description)),
        h('input', { type: 'radio', name: 'row', value: row.id }),
      );
    const content = h(
      'form',
      { id: 'list-form' },
      action.sections.map((section) => h('fieldset', { class: 'options' }, h('legend', { class: section.title ? '' : 'unseen' }, section.title ?? T.list), section.rows.map(option))),
    );
    const rows = action.sections.flatMap((section) => section.rows);
    const done = (close) => () => {
      const id = new FormData(content).get('row');
      chosen = rows.find((row) => row.id === id) ?? null;
      if (chosen) close();
      else content.querySelector('input').focus();
    };
    openSheet(action.button, () => content, (close) => h('button', { type: 'button', class: 'strong', onclick: done(close) }, T.send)).then(() => {
      if (chosen) this.#send({ type: 'list_reply', id: chosen.id, title: chosen.title, ...(chosen.description ? { description: chosen.description } : {}), context: entry.wamid });
    });
  }

  #openMenu(entry) {
    const mine = entry.side === 'person';
    let then = () => {};
    const item = (close, name, label, action, className = '') => h('button', { type: 'button', class: className, onclick: () => ((then = action), close()) }, icon(name), label);
    const emoji = (close, sign) => {
      const on = entry.reactions.person === sign;
      const react = () => this.#send({ type: 'reaction', wamid: entry.wamid, ...(on ? {} : { emoji: sign }) });
      return h('button', { type: 'button', 'aria-label': T.react(sign), 'aria-pressed': String(on), onclick: () => ((then = react), close()) }, sign);
    };
    openSheet(T.actions, (close) => [
      !mine && h('div', { class: 'emojis' }, EMOJIS.map((sign) => emoji(close, sign))),
      h(
        'div',
        { class: 'entries' },
        item(close, 'reply', T.reply, () => this.#speakOf({ mode: 'reply', entry })),
        mine && entry.payload.type === 'text' && item(close, 'edit', T.edit, () => this.#speakOf({ mode: 'edit', entry })),
        mine && item(close, 'again', T.again, () => this.#again(entry)),
        mine && item(close, 'trash', T.delete, () => this.#send({ type: 'deleted', wamid: entry.wamid }), 'danger'),
      ),
    ].filter(Boolean)).then(() => then());
  }

  async #again(entry) {
    try {
      await this.#phone.resend(entry.wamid);
      this.note(T.againDone);
    } catch {
      this.note(T.failed);
    }
  }
}

function dayOf(at) {
  const day = new Date(at * 1000);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(day).setHours(0, 0, 0, 0)) / 86_400_000);
  return days === 0 ? T.today : days === 1 ? T.yesterday : DAY.format(day);
}
