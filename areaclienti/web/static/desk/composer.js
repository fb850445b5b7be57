/** Where an agent writes: a reply or a note, with a draft that survives, ready-made replies, and WhatsApp's 24 hours. */

import { call } from './api.js';
import { duration } from './clock.js';
import { remembered } from './data.js';
import { Keyed, h, icon } from './dom.js';
import { TEXTS } from './it.js';

const MOST = 2000;
const WARN = 1800;
const SAVE_MS = 600;

export class Composer {
  #handover;
  #on;
  #canned;
  #blanks;
  #mode = 'reply';
  #texts = { reply: '', note: '' };
  #saved = '';
  #saving = 0;
  #until = null;
  #mayReply = false;
  #options = [];
  #chosen = 0;

  /**
   * `on`: `reply(text)` (takes it over: it shows it and sends it), `note(text)` (a promise). `blanks()` fills what ready-made
   * replies leave open.
   */
  constructor(element, { handover, canned, on, blanks }) {
    this.element = element;
    this.#handover = handover;
    this.#canned = canned;
    this.#on = on;
    this.#blanks = blanks;
    this.#build();
    window.addEventListener('pagehide', () => this.#save(true));
    document.addEventListener('visibilitychange', () => document.hidden && this.#save(true));
    setInterval(() => this.#showWindow(), 15_000);
  }

  /** The text that was typed and not sent: this browser's, which is newer, or the server's. */
  begin(draft) {
    const kept = remembered.get(`draft.${this.#handover}`);
    this.#saved = draft;
    this.#texts.reply = kept ?? draft;
    this.#texts.note = remembered.get(`note.${this.#handover}`, '');
    this.#show();
    if (this.#texts.reply !== this.#saved) this.#later();
  }

  /** What is typed as a reply now. */
  get draft() {
    return this.#texts.reply;
  }

  enable(may) {
    this.element.hidden = !may.reply && !may.note;
    this.#modes.hidden = !(may.reply && may.note);
    // Who may only write notes writes notes; who has just got the conversation wants to answer.
    if (!may.reply && may.note && this.#mode !== 'note') this.#setMode('note');
    else if (may.reply && !this.#mayReply) this.#setMode('reply');
    this.#mayReply = may.reply;
    this.#showWindow();
  }

  writableUntil(until) {
    this.#until = until;
    this.#showWindow();
  }

  /** Puts a text back that did not go out. */
  restore(text) {
    if (!this.#texts.reply.trim()) this.#texts.reply = text;
    this.#setMode('reply');
    this.#show();
    this.#later();
  }

  focus(mode = this.#mode) {
    if (this.element.hidden) return;
    this.#setMode(this.#modes.hidden ? this.#mode : mode);
    this.#field.focus();
  }

  openCanned() {
    this.focus('reply');
    if (this.#mode !== 'reply' || this.#field.disabled) return;
    if (!this.#field.value) this.#field.value = '/';
    this.#typed();
    if (this.#list.hidden) this.#offer('');
  }

  #build() {
    const mode = (name, label) =>
      h('button', { type: 'button', class: 'mode', 'data-mode': name, 'aria-pressed': 'false', onclick: () => (this.#setMode(name), this.#field.focus()) }, label);
    this.#modes = h('div', { class: 'modes', role: 'group', 'aria-label': TEXTS.composer.replyLabel }, mode('reply', TEXTS.composer.reply), mode('note', TEXTS.composer.note));
    this.#label = h('label', { for: 'scrivi', class: 'unseen' });
    this.#field = h('textarea', {
      id: 'scrivi',
      rows: 2,
      spellcheck: 'true',
      lang: 'it',
      'aria-describedby': 'composer-state composer-hint',
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#pressed(event),
    });
    this.#list = h('ul', { class: 'canned', id: 'canned', role: 'listbox', tabindex: 0, 'aria-label': TEXTS.composer.canned, hidden: true });
    this.#listed = new Keyed(this.#list);
    this.#count = h('p', { class: 'unseen', role: 'status' });
    this.#none = h('p', { class: 'canned-none', hidden: true }, TEXTS.composer.cannedNone);
    this.#state = h('p', { class: 'composer-state', id: 'composer-state' });
    this.#window = h('p', { class: 'window', hidden: true });
    this.#send = h('button', { type: 'submit', class: 'button small send' });
    this.#cannedButton = h('button', { type: 'button', class: 'button small plain', onclick: () => this.openCanned() }, TEXTS.composer.canned);
    this.element.append(
      h(
        'form',
        { onsubmit: (event) => (event.preventDefault(), this.#submit()) },
        h('div', { class: 'composer-top' }, this.#modes, this.#window),
        h('div', { class: 'composer-field' }, this.#list, this.#none, this.#label, this.#field, this.#count),
        h('div', { class: 'composer-bottom' }, this.#cannedButton, h('p', { class: 'hint', id: 'composer-hint' }, TEXTS.composer.enter), this.#state, this.#send),
      ),
    );
    this.#setMode('reply');
  }

  #modes;
  #label;
  #field;
  #list;
  #listed;
  #count;
  #none;
  #state;
  #window;
  #send;
  #cannedButton;

  #setMode(mode) {
    this.#mode = mode;
    this.element.dataset.mode = mode;
    for (const button of this.#modes.children) button.setAttribute('aria-pressed', String(button.dataset.mode === mode));
    this.#close();
    this.#show();
  }

  #show() {
    const isReply = this.#mode === 'reply';
    this.#label.textContent = isReply ? TEXTS.composer.replyLabel : TEXTS.composer.noteLabel;
    this.#field.placeholder = isReply ? TEXTS.composer.replyPlaceholder : TEXTS.composer.notePlaceholder;
    if (this.#field.value !== this.#texts[this.#mode]) this.#field.value = this.#texts[this.#mode];
    this.#send.replaceChildren(icon(isReply ? 'send' : 'note'), isReply ? TEXTS.composer.send : TEXTS.composer.saveNote);
    this.#cannedButton.hidden = !isReply;
    this.#grow();
    this.#say('');
    this.#showWindow();
  }

  #grow() {
    this.#field.rows = Math.min(9, Math.max(2, this.#field.value.split('\n').length + Math.floor(this.#field.value.length / 90)));
  }

  #typed() {
    this.#texts[this.#mode] = this.#field.value;
    this.#grow();
    const left = MOST - this.#field.value.length;
    if (left < 0) this.#say(TEXTS.composer.over(-left), 'bad');
    else if (left < MOST - WARN) this.#say(TEXTS.composer.left(left));
    else this.#say('');
    const search = this.#mode === 'reply' && /^\/([^\n]{0,40})$/.exec(this.#field.value);
    if (search) this.#offer(search[1]);
    else this.#close();
    this.#later();
  }

  #say(text, tone = '') {
    this.#state.textContent = text;
    this.#state.className = `composer-state ${tone}`;
  }

  // ---- the draft ---------------------------------------------------------------------------------------------------

  #later() {
    const { reply, note } = this.#texts;
    remembered.set(`draft.${this.#handover}`, reply && !reply.startsWith('/') ? reply : null);
    remembered.set(`note.${this.#handover}`, note || null);
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.#save(), SAVE_MS);
  }

  async #save(keepalive = false) {
    clearTimeout(this.#saving);
    const text = this.#texts.reply;
    if (text === this.#saved || text.startsWith('/') || text.length > MOST || this.element.hidden || this.#modes.hidden) return;
    const before = this.#saved;
    this.#saved = text;
    try {
      await call('PUT', `/handovers/${this.#handover}/draft`, { text }, { keepalive });
      if (this.#texts.reply === text && text && this.#mode === 'reply') this.#say(TEXTS.composer.draftSaved);
    } catch (error) {
      if (error.code === 'secret_written') {
        this.#forget(`draft.${this.#handover}`);
        return;
      }
      this.#saved = before;
      if (text) this.#say(TEXTS.composer.draftKept);
    }
  }

  // ---- sending -----------------------------------------------------------------------------------------------------

  async #submit() {
    const text = this.#texts[this.#mode].trim();
    if (!text || text.length > MOST || this.#send.getAttribute('aria-disabled') === 'true') return;
    if (this.#mode === 'note') return this.#keepNote(text);
    if (this.#isClosed()) return;
    const blank = /\[[^\]\n]{1,40}\]/.exec(text);
    if (blank && this.#canned.some((one) => one.text.includes(blank[0].replace('[', '{').replace(']', '}')))) {
      this.#say(TEXTS.composer.blanks, 'bad');
      this.#field.setSelectionRange(this.#field.value.indexOf(blank[0]), this.#field.value.indexOf(blank[0]) + blank[0].length);
      return;
    }
    this.#texts.reply = '';
    this.#saved = '';
    clearTimeout(this.#saving);
    remembered.set(`draft.${this.#handover}`, null);
    this.#show();
    this.#field.focus();
    this.#on.reply(text);
  }

  async #keepNote(text) {
    this.#send.setAttribute('aria-disabled', 'true');
    try {
      await this.#on.note(text);
      this.#texts.note = '';
      remembered.set(`note.${this.#handover}`, null);
      this.#show();
    } catch (error) {
      if (error.code === 'secret_written') this.#forget(`note.${this.#handover}`);
      else this.#say(TEXTS.composer.noteFailed, 'bad');
    } finally {
      this.#send.removeAttribute('aria-disabled');
    }
  }

  /** What holds a secret stays on the screen alone. */
  #forget(key) {
    remembered.set(key, null);
    this.#say(TEXTS.composer.secretWritten, 'bad');
  }

  #isClosed() {
    return this.#until !== null && Date.parse(this.#until) <= Date.now();
  }

  #showWindow() {
    const isReply = this.#mode === 'reply';
    const closed = this.#isClosed();
    this.#window.hidden = this.#until === null || !isReply;
    this.#window.className = `window ${closed ? 'closed' : ''}`;
    if (!this.#window.hidden) {
      const text = closed ? `${TEXTS.composer.windowClosed}. ${TEXTS.composer.windowWhy}` : TEXTS.composer.windowOpen(duration(Date.parse(this.#until) - Date.now()));
      if (this.#window.textContent !== text) this.#window.replaceChildren(icon(closed ? 'warning' : 'clock'), text);
    }
    this.#field.disabled = isReply && closed;
    this.#send.disabled = isReply && closed;
    this.#cannedButton.disabled = isReply && closed;
  }

  // ---- ready-made replies --------------------------------------------------------------------------------------------

  #offer(search) {
    const words = fold(search).split(/\s+/).filter(Boolean);
    this.#options = this.#canned.filter(({ title, keywords, text }) => {
      const all = fold(`${title} ${keywords} ${text}`);
      return words.every((word) => all.includes(word));
    });
    this.#chosen = Math.min(this.#chosen, Math.max(0, this.#options.length - 1));
    this.#list.hidden = !this.#options.length;
    this.#none.hidden = Boolean(this.#options.length);
    this.#count.textContent = this.#options.length ? TEXTS.composer.cannedCount(this.#options.length) : TEXTS.composer.cannedNone;
    // a textarea may not be a combobox; as a text box it may lead to a list
    this.#field.setAttribute('aria-haspopup', 'listbox');
    this.#field.setAttribute('aria-controls', 'canned');
    this.#field.setAttribute('aria-autocomplete', 'list');
    this.#mark();
  }

  #mark() {
    this.#listed.update(
      this.#options.map((one, index) => ({
        key: one.id,
        shows: [one.id, index === this.#chosen],
        make: () =>
          h(
            'li',
            {
              role: 'option',
              id: `canned-${one.id}`,
              'aria-selected': String(index === this.#chosen),
              onmousedown: (event) => event.preventDefault(),
              onclick: () => this.#take(one),
            },
            h('strong', {}, one.title),
            h('span', {}, this.#filled(one)),
          ),
      })),
    );
    const one = this.#options[this.#chosen];
    if (one) this.#field.setAttribute('aria-activedescendant', `canned-${one.id}`);
    if (one) this.#listed.node(one.id)?.scrollIntoView({ block: 'nearest' });
  }

  #take(one) {
    this.#field.value = this.#filled(one);
    this.#texts.reply = this.#field.value;
    this.#close();
    this.#typed();
    this.#field.focus();
    const blank = /\[[^\]\n]{1,40}\]/.exec(this.#field.value);
    if (blank) this.#field.setSelectionRange(blank.index, blank.index + blank[0].length);
  }

  #filled({ text }) {
    const values = this.#blanks();
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? TEXTS.composer.blank(name));
  }

  #close() {
    if (!this.#list || (this.#list.hidden && this.#none.hidden)) return;
    this.#list.hidden = true;
    this.#none.hidden = true;
    this.#count.textContent = '';
    for (const name of ['aria-haspopup', 'aria-controls', 'aria-autocomplete', 'aria-activedescendant']) this.#field.removeAttribute(name);
  }

  #pressed(event) {
    if (event.isComposing) return;
    if (!this.#list.hidden || !this.#none.hidden) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && this.#options.length) {
        event.preventDefault();
        this.#chosen = (this.#chosen + step + this.#options.length) % this.#options.length;
        return this.#mark();
      }
      if ((event.key === 'Enter' || event.key === 'Tab') && this.#options.length) {
        event.preventDefault();
        return this.#take(this.#options[this.#chosen]);
      }
      if (event.key === 'Escape') {
        event.preventDefault();
        if (this.#field.value.startsWith('/')) {
          this.#field.value = '';
          this.#texts.reply = '';
        }
        return this.#close();
      }
    }
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    }
  }
}

const fold = (text) => text.toLowerCase().normalize('NFD').replace(/[\u0300-\u036f’']/g, '');
