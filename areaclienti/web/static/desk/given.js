/** What the customer said who he is, masked; one value at a time in full, for a short while, once the agent says why. */

import { Refused, call } from './api.js';
import { WORDS } from './data.js';
import { h } from './dom.js';
import { announce } from './frame.js';
import { TEXTS } from './it.js';

export class Given {
  #place;
  #handover;
  #card = null;
  #found = null;
  #failed = false;
  #open = null; // { field, value }: value null while the reason is asked for
  #timer = 0;

  constructor(place, handover) {
    this.#place = place;
    this.#handover = handover;
    this.#load();
  }

  /** The card as it stands now: what it may do decides about «Mostra». */
  update(card) {
    const before = this.#card;
    this.#card = card;
    if (!this.#mayShow()) this.#close();
    if (before && before.epoch !== card.epoch) this.#load();
    else if (before?.may.includes('reveal') !== this.#mayShow()) this.#draw();
  }

  async #load() {
    try {
      this.#found = await call('GET', `/handovers/${this.#handover}/given`);
      this.#failed = false;
    } catch {
      this.#failed = true;
    }
    this.#draw();
  }

  #mayShow() {
    return Boolean(this.#card?.may.includes('reveal'));
  }

  #draw() {
    if (!this.#card || (!this.#found && !this.#failed)) return;
    const T = TEXTS.given;
    const held = this.#place.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    this.#place.replaceChildren(
      h('h3', {}, T.title),
      this.#found ? this.#rows() : h('p', { class: 'summary-trouble' }, T.unavailable, ' ', h('button', { type: 'button', class: 'link', onclick: () => this.#load() }, T.retry)),
    );
    if (held) this.#focus(held);
  }

  #rows() {
    const { customer_type: type, fields } = this.#found;
    if (!type && !fields.length) return h('p', { class: 'hint' }, TEXTS.given.none);
    return h(
      'dl',
      { class: 'facts given' },
      type ? h('div', {}, h('dt', {}, TEXTS.summary.type), h('dd', {}, WORDS.customer_types[type] ?? type)) : null,
      fields.map((one) => h('div', {}, h('dt', {}, WORDS.given[one.field] ?? one.field), this.#value(one))),
    );
  }

  #value({ field, masked }) {
    const T = TEXTS.given;
    const name = WORDS.given[field] ?? field;
    const isOpen = this.#open?.field === field;
    if (isOpen && this.#open.value !== null)
      return h('dd', {}, h('strong', { class: 'in-full' }, this.#open.value), ' ', this.#button(`hide-${field}`, T.hide, name, () => (this.#close(), this.#focus(`show-${field}`))));
    return h(
      'dd',
      {},
      h('span', { class: 'masked' }, masked),
      ' ',
      this.#mayShow() ? this.#button(`show-${field}`, T.show, name, () => this.#ask(field), isOpen) : null,
      isOpen ? this.#reasons(field, name) : null,
    );
  }

  #button(key, label, name, onclick, expanded = null) {
    return h('button', { type: 'button', class: 'link', 'data-focus': key, 'aria-expanded': expanded === null ? null : String(expanded), onclick }, label, h('span', { class: 'unseen' }, ` ${name}`));
  }

  #reasons(field, name) {
    const T = TEXTS.given;
    const leave = (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      this.#close();
      this.#focus(`show-${field}`);
    };
    const trouble = h('p', { class: 'field-error', role: 'alert', hidden: true });
    const why = (reason) => h('button', { type: 'button', class: 'button small outline', 'data-focus': `${field}-${reason}`, onclick: () => this.#show(field, reason, trouble) }, WORDS.reveal_reasons[reason]);
    return h(
      'div',
      { class: 'reveal-why', role: 'group', 'aria-label': T.why(name), onkeydown: leave },
      h('p', { class: 'hint' }, T.onRecord),
      Object.keys(WORDS.reveal_reasons).map(why),
      trouble,
    );
  }

  #ask(field) {
    const isOpen = this.#open?.field === field;
    this.#close();
    if (isOpen) return;
    this.#open = { field, value: null };
    this.#draw();
    this.#place.querySelector('.reveal-why button')?.focus();
  }

  async #show(field, reason, trouble) {
    trouble.hidden = true;
    try {
      const { value, seconds } = await call('POST', `/handovers/${this.#handover}/given/${field}`, { reason });
      if (!this.#mayShow()) return;
      this.#open = { field, value };
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#over(field), seconds * 1000);
      this.#draw();
      this.#focus(`hide-${field}`);
      announce(TEXTS.given.shown(WORDS.given[field], value, seconds));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      trouble.textContent = error.status === 403 || error.status === 409 ? TEXTS.given.refused : TEXTS.given.failed;
      trouble.hidden = false;
    }
  }

  /** The time is up: whoever stands there stands on «Mostra» again. */
  #over(field) {
    const stood = this.#place.contains(document.activeElement);
    this.#close();
    if (stood) this.#focus(`show-${field}`);
    announce(TEXTS.given.hidden(WORDS.given[field]));
  }

  #close() {
    clearTimeout(this.#timer);
    if (!this.#open) return;
    this.#open = null;
    this.#draw();
  }

  #focus(key) {
    this.#place.querySelector(`[data-focus="${key}"]`)?.focus({ preventScroll: true });
  }
}
