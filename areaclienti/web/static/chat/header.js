/** The top of the widget: who one is talking to, the progress of the registration, and the menu. */

import { avatar, h, icon } from './dom.js';
import { TEXTS } from './it.js';

export class Header {
  #owner = h('p', { class: 'owner' });
  #progress = h('div', { class: 'progress', hidden: true });
  #menu;
  #toggle;
  #expand;
  #shown = '';

  /** `actions`: `person()`, `restart()`, `expand()`. */
  constructor(actions) {
    const entry = (name, label, action) =>
      h('button', { type: 'button', onclick: () => (this.close(), action()) }, icon(name), label);
    this.#menu = h(
      'div',
      { class: 'menu', id: 'menu', hidden: true },
      entry('person', TEXTS.menu.person, actions.person),
      entry('again', TEXTS.menu.restart, actions.restart),
    );
    this.#toggle = h(
      'button',
      { type: 'button', class: 'round', 'aria-expanded': 'false', 'aria-controls': 'menu', onclick: () => this.#flip() },
      icon('menu'),
      h('span', { class: 'unseen' }, TEXTS.menu.open),
    );
    this.#expand = h('button', { type: 'button', class: 'round expand', onclick: actions.expand }, icon('expand'));
    this.setExpanded(false);
    this.element = h(
      'header',
      {
        onkeydown: (event) => event.key === 'Escape' && this.close(true),
        onfocusout: (event) => event.relatedTarget && !this.element.contains(event.relatedTarget) && this.close(),
      },
      h('div', { class: 'bar' }, avatar('bot'), h('div', { class: 'who' }, h('h2', {}, TEXTS.title), this.#owner), this.#expand, this.#toggle),
      this.#menu,
      this.#progress,
    );
  }

  update({ state, ready }) {
    const named = state.agent ? TEXTS.ownerNamed[state.owner]?.(state.agent) : undefined;
    this.#owner.textContent = ready ? named ?? TEXTS.owner[state.owner] ?? TEXTS.owner.bot : TEXTS.opening;
    const shown = JSON.stringify(state.progress);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#progress.hidden = !state.progress;
    if (state.progress) this.#progress.replaceChildren(...progress(state.progress));
  }

  setExpanded(expanded) {
    this.#expand.setAttribute('aria-label', expanded ? TEXTS.menu.shrink : TEXTS.menu.expand);
  }

  close(giveFocusBack = false) {
    if (this.#menu.hidden) return;
    this.#menu.hidden = true;
    this.#toggle.setAttribute('aria-expanded', 'false');
    if (giveFocusBack) this.#toggle.focus();
  }

  #flip() {
    if (!this.#menu.hidden) return this.close();
    this.#menu.hidden = false;
    this.#toggle.setAttribute('aria-expanded', 'true');
  }
}

function progress({ current, total, label }) {
  const parts = Array.from({ length: total }, (_, index) => h('span', { class: index < current ? 'done' : '' }));
  return [h('p', {}, TEXTS.progress(current, total, label)), h('div', { class: 'track', 'aria-hidden': 'true' }, parts)];
}
