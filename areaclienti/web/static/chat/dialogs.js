/** The two dialogs: the privacy notice to read, and the question before starting again. */

import { h } from './dom.js';
import { TEXTS } from './it.js';

const DAY = new Intl.DateTimeFormat('it-IT', { day: 'numeric', month: 'long', year: 'numeric' });

/** Shows the notice that `load()` brings; the place it was opened from gets the focus back. */
export class PrivacyDialog {
  #load;
  #title = h('h2', { id: 'notice-title' }, TEXTS.privacy.title);
  #body = h('div', { class: 'notice-text', tabindex: 0, role: 'group', 'aria-labelledby': 'notice-title' });

  constructor(load) {
    this.#load = load;
    this.element = h(
      'dialog',
      { class: 'notice-dialog', 'aria-labelledby': 'notice-title' },
      this.#title,
      this.#body,
      h('button', { type: 'button', class: 'primary', onclick: () => this.element.close() }, TEXTS.privacy.close),
    );
  }

  async open() {
    this.#body.replaceChildren(h('p', {}, TEXTS.privacy.loading));
    this.element.showModal();
    try {
      this.#show(await this.#load());
    } catch {
      const page = h('a', { href: '/informativa-privacy', target: '_blank', rel: 'noopener' }, TEXTS.privacy.fallback);
      this.#body.replaceChildren(h('p', { role: 'alert' }, TEXTS.privacy.failed, ' ', page));
    }
  }

  #show({ title, text, version, published_on: publishedOn }) {
    this.#title.textContent = title;
    const day = publishedOn ? DAY.format(new Date(publishedOn)) : '';
    this.#body.replaceChildren(h('p', { class: 'fine' }, TEXTS.privacy.version(version, day)), ...noticeParts(text, 'h3'));
  }
}

/** The notice's plain paragraphs and `## ` headings as elements. */
export function noticeParts(text, heading) {
  return text
    .split(/\n\s*\n|\n(?=## )|(?<=^## .*)\n/m)
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => (part.startsWith('## ') ? h(heading, {}, part.slice(3)) : h('p', {}, part)));
}

/** Asks before the conversation is closed; `onConfirm()` may reject, and then the dialog says so and stays. */
export class RestartDialog {
  #onConfirm;
  #problem = h('p', { role: 'alert', class: 'problem' });

  constructor(onConfirm) {
    this.#onConfirm = onConfirm;
    this.element = h(
      'dialog',
      { 'aria-labelledby': 'restart-title', 'aria-describedby': 'restart-text' },
      h('h2', { id: 'restart-title' }, TEXTS.restart.title),
      h('p', { id: 'restart-text' }, TEXTS.restart.text),
      this.#problem,
      h('button', { type: 'button', class: 'primary', onclick: () => this.element.close() }, TEXTS.restart.cancel),
      h('button', { type: 'button', class: 'secondary', onclick: () => this.#confirm() }, TEXTS.restart.confirm),
    );
  }

  open() {
    this.#problem.textContent = '';
    this.element.showModal();
  }

  async #confirm() {
    try {
      await this.#onConfirm();
      this.element.close();
    } catch {
      this.#problem.textContent = TEXTS.restart.failed;
    }
  }
}
