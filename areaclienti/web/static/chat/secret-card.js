/** The cards for what must not pass through the chat: the password, and the codice fiscale or partita IVA. */

import { Card, apart, safety } from './card.js';
import { h, icon } from './dom.js';
import { TEXTS } from './it.js';

// manual 5a, in the order of its screen
const RULES = {
  uppercase: (value) => /\p{Lu}/u.test(value),
  lowercase: (value) => /\p{Ll}/u.test(value),
  min_length: (value) => [...value].length >= 8,
  digit: (value) => /\d/.test(value),
};

export class PasswordCard extends Card {
  #rules = new Map();

  constructor(submit, link) {
    const texts = TEXTS.password;
    const field = h('input', {
      id: 'secret',
      type: 'password',
      autocomplete: 'new-password',
      autocapitalize: 'none',
      autocorrect: 'off',
      spellcheck: 'false',
      maxlength: 256,
      'aria-describedby': 'rules safety',
      oninput: () => this.#check(),
    });
    const list = h('ul', { class: 'rules', id: 'rules', 'aria-label': texts.requirements });
    super({ texts, field, beside: showHide(field), after: [list, safety(texts.safe)], more: apart(link), submit });
    for (const rule of Object.keys(RULES)) {
      const item = h('li');
      this.#rules.set(rule, item);
      list.append(item);
    }
    this.#check();
  }

  problems() {
    return Object.keys(RULES)
      .filter((rule) => !RULES[rule](this.field.value))
      .map((rule) => this.texts.rejected[rule]);
  }

  rejected() {
    this.field.value = '';
    this.#check();
  }

  #check() {
    for (const [rule, item] of this.#rules) {
      const met = RULES[rule](this.field.value);
      if (item.className === (met ? 'met' : 'unmet')) continue;
      item.className = met ? 'met' : 'unmet';
      item.replaceChildren(
        icon(met ? 'check' : 'dot'),
        h('span', {}, this.texts.rules[rule]),
        h('span', { class: 'unseen' }, `: ${met ? this.texts.met : this.texts.unmet}`),
      );
    }
  }
}

// manual 2c
export class TaxCodeCard extends Card {
  constructor(submit, link) {
    const texts = TEXTS.tax;
    const field = h('input', {
      id: 'secret',
      class: 'capitals',
      type: 'text',
      autocomplete: 'off',
      autocapitalize: 'characters',
      autocorrect: 'off',
      spellcheck: 'false',
      maxlength: 32,
      'aria-describedby': 'safety',
      oninput: ({ target }) => upperCased(target),
    });
    const help = h('details', {}, h('summary', {}, texts.help), h('p', {}, texts.helpText));
    super({ texts, field, after: [help, safety(texts.safe)], more: apart(link), submit });
  }

  value() {
    return this.field.value.replace(/\s/g, '');
  }

  problems() {
    return this.value() ? [] : [this.texts.empty];
  }
}

function showHide(field) {
  const { show, hide, showLong, hideLong } = TEXTS.password;
  return h(
    'button',
    {
      type: 'button',
      class: 'show',
      'aria-label': showLong,
      onclick: ({ currentTarget: button }) => {
        const visible = field.type === 'password';
        field.type = visible ? 'text' : 'password';
        button.textContent = visible ? hide : show;
        button.setAttribute('aria-label', visible ? hideLong : showLong);
      },
    },
    show,
  );
}

function upperCased(field) {
  const { selectionStart, selectionEnd } = field;
  field.value = field.value.toUpperCase();
  field.setSelectionRange(selectionStart, selectionEnd);
}
