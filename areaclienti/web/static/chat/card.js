/** What the cards beside the chat share: one field, one submission at a time, an error summary that takes the focus. */

import { h, icon, uuid } from './dom.js';
import { TEXTS } from './it.js';

/**
 * The value lives in the field's property only and is wiped as soon as the vault has it. `submit(clientId, value)`
 * rejects with RequestFailed.
 */
export class Card {
  #submit;
  #clientId = uuid();
  #busy = false;
  #done = false;
  #summary = h('div', { class: 'summary', id: 'summary', role: 'alert', tabindex: -1, hidden: true });
  #button;
  #described; // the id of what always describes the field

  constructor({ texts, field, beside = [], after = [], more = [], submit }) {
    this.texts = texts;
    this.field = field;
    this.#submit = submit;
    this.#described = field.getAttribute('aria-describedby');
    this.#button = h('button', { type: 'submit', class: 'primary' }, texts.submit);
    this.element = h(
      'form',
      { class: 'card', novalidate: true, 'aria-labelledby': 'card-title', onsubmit: (event) => this.#send(event) },
      h('h3', { id: 'card-title' }, icon('lock'), texts.title),
      this.#summary,
      h('label', { for: 'secret' }, texts.label),
      h('div', { class: 'row' }, field, beside),
      after,
      this.#button,
      more,
    );
    // Another value is another submission; the same one tried again keeps its id and is never taken twice.
    field.addEventListener('input', () => {
      this.#clientId = uuid();
      if (!this.#summary.hidden && !this.problems().length) this.#calm();
    });
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  /** The words for each rule that the value breaks now; an empty list lets it go. */
  problems() {
    return [];
  }

  value() {
    return this.field.value;
  }

  async #send(event) {
    event.preventDefault();
    if (this.#busy || this.#done) return;
    const problems = this.problems();
    if (problems.length) return this.#explain(problems);
    this.#calm();
    this.#setBusy(true);
    try {
      await this.#submit(this.#clientId, this.value());
      this.#done = true;
      this.field.value = '';
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#setBusy(false);
    }
  }

  #refused(error) {
    if (error.code !== 'secret_rejected') {
      const known = TEXTS.secretFailed[error.code] ?? TEXTS.secretFailed.other;
      return this.#explain([typeof known === 'function' ? known(error.retryAfter ?? 10) : known]);
    }
    this.#clientId = uuid();
    this.rejected?.();
    this.#explain(error.failedRules.map((rule) => this.texts.rejected[rule] ?? TEXTS.failures.other));
  }

  #explain(problems) {
    this.#summary.replaceChildren(
      icon('warning'),
      h('p', { class: 'strong' }, this.texts.errorTitle),
      h('ul', {}, problems.map((problem) => h('li', {}, problem))),
    );
    this.#summary.hidden = false;
    this.field.setAttribute('aria-invalid', 'true');
    this.#describe('summary');
    this.#summary.focus();
  }

  #calm() {
    this.#summary.hidden = true;
    this.field.removeAttribute('aria-invalid');
    this.#describe();
  }

  #describe(...ids) {
    const all = [...ids, this.#described].filter(Boolean).join(' ');
    if (all) this.field.setAttribute('aria-describedby', all);
    else this.field.removeAttribute('aria-describedby');
  }

  #setBusy(busy) {
    this.#busy = busy;
    this.#button.setAttribute('aria-disabled', String(busy));
    this.#button.textContent = busy ? TEXTS.sendingSecret : this.texts.submit;
  }
}

/**
 * A button that opens the one-time page in a tab of its own, where password managers see the field; a link where the
 * browser opens no tab for us. `link()` resolves to its address.
 */
export function apart(link) {
  const texts = TEXTS.apart;
  const told = h('p', { class: 'safe', role: 'status', hidden: true });
  const say = (...content) => {
    told.replaceChildren(...content);
    told.hidden = false;
  };
  const open = async () => {
    const tab = window.open('', '_blank'); // at once: later it would be a pop-up
    try {
      const { url } = await link();
      if (!tab) return say(h('a', { href: url, target: '_blank', rel: 'noopener' }, texts.link));
      tab.opener = null;
      tab.location.replace(url);
      say(texts.opened);
    } catch {
      tab?.close();
      say(texts.failed);
    }
  };
  return [h('button', { type: 'button', class: 'link apart', onclick: open }, texts.open), told];
}

/** The line under a field that says why it is safe, or what to mind. */
export function safety(text, symbol = 'lock') {
  return h('p', { class: 'safe', id: 'safety' }, icon(symbol), h('span', {}, text));
}
