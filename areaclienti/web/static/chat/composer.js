/** Where the customer writes: a growing text field, or an e-mail or mobile number with its fixed +39 prefix. */

import { h, icon } from './dom.js';
import { TEXTS } from './it.js';

const LIMIT = 2000;
const COUNT_FROM = 1800;
const PREFIX = '+39';

export class Composer {
  #onSend;
  #mode = null;
  #contact = 'email';
  #field = null;
  #counter = h('p', { class: 'counter', id: 'counter', 'aria-live': 'polite', hidden: true });
  #slot = h('div', { class: 'field-slot' });
  #switch = h('div', { class: 'switch-slot' });

  constructor(onSend) {
    this.#onSend = onSend;
    this.element = h(
      'form',
      { class: 'composer', novalidate: true, autocomplete: 'on', onsubmit: (event) => this.#submit(event) },
      this.#switch,
      h(
        'div',
        { class: 'row' },
        this.#slot,
        h('button', { type: 'submit', class: 'send' }, icon('send'), h('span', { class: 'unseen' }, TEXTS.composer.send)),
      ),
      this.#counter,
    );
    this.setMode('text');
  }

  /** `text` or `contact` (e-mail or mobile number); what is being written is kept. */
  setMode(mode, placeholder = TEXTS.composer.placeholder) {
    if (mode !== this.#mode) {
      const focused = this.hasFocus();
      const draft = this.#field?.value ?? '';
      this.#mode = mode;
      this.#switch.replaceChildren(...(mode === 'contact' ? [this.#contactSwitch()] : []));
      this.#build(draft, focused);
    }
    if (mode === 'text') this.#field.placeholder = placeholder;
  }

  hasFocus() {
    return Boolean(this.#field) && this.#field.getRootNode().activeElement === this.#field;
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  /** Gives a refused text back, unless something else is being written already. */
  restore(text) {
    if (this.#field.value) return;
    this.#field.value = text;
    this.#grown();
  }

  #build(draft = '', focused = false) {
    this.#field = this.#mode === 'text' ? this.#textField() : this.#contactField();
    this.#field.value = draft;
    this.#slot.replaceChildren(...this.#withLabel(this.#field));
    this.#grown();
    if (focused) this.focus();
  }

  #withLabel(field) {
    if (this.#mode === 'text') return [h('label', { for: 'field', class: 'unseen' }, TEXTS.composer.label), field];
    const isEmail = this.#contact === 'email';
    if (isEmail) return [h('label', { for: 'field' }, TEXTS.contact.emailLabel), field];
    const prefixed = h('span', { class: 'unseen' }, TEXTS.contact.afterPrefix);
    return [h('label', { for: 'field' }, TEXTS.contact.mobile, prefixed), h('div', { class: 'prefixed' }, h('span', { class: 'prefix', 'aria-hidden': 'true' }, PREFIX), field)];
  }

  #textField() {
    return h('textarea', {
      id: 'field',
      rows: 1,
      enterkeyhint: 'send',
      'aria-describedby': 'counter',
      oninput: () => this.#grown(),
      onkeydown: (event) => {
        if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.element.requestSubmit();
      },
    });
  }

  #contactField() {
    const isEmail = this.#contact === 'email';
    return h('input', {
      id: 'field',
      type: 'text', // not "email": a question may be asked here as well
      inputmode: isEmail ? 'email' : 'tel',
      autocomplete: isEmail ? 'email' : 'tel-national',
      autocapitalize: 'none',
      autocorrect: 'off',
      spellcheck: 'false',
      enterkeyhint: 'send',
      placeholder: isEmail ? TEXTS.contact.emailExample : TEXTS.contact.mobileExample,
      oninput: () => this.#grown(),
    });
  }

  // manual 4a: "Email" or "Numero di cellulare", the latter with a prefix of its own
  #contactSwitch() {
    const option = (value) => {
      const input = h('input', {
        type: 'radio',
        name: 'contact-kind',
        value,
        onchange: () => {
          this.#contact = value;
          this.#build();
        },
      });
      input.checked = value === this.#contact;
      return h('label', {}, input, h('span', {}, TEXTS.contact[value]));
    };
    return h(
      'fieldset',
      { class: 'switch' },
      h('legend', { class: 'unseen' }, TEXTS.contact.legend),
      option('email'),
      option('mobile'),
    );
  }

  #grown() {
    const field = this.#field;
    if (field.localName === 'textarea') {
      field.style.height = 'auto';
      field.style.height = `${field.scrollHeight + 2}px`;
    }
    const length = field.value.length;
    this.#counter.hidden = length < COUNT_FROM;
    this.#counter.classList.toggle('over', length > LIMIT);
    this.#counter.textContent =
      length < COUNT_FROM ? '' : length > LIMIT ? TEXTS.composer.overflow(length - LIMIT) : TEXTS.composer.counter(LIMIT - length);
  }

  #submit(event) {
    event.preventDefault();
    const text = this.#message();
    if (!text || text.length > LIMIT) return;
    this.#field.value = '';
    this.#grown();
    this.#onSend(text);
  }

  #message() {
    const text = this.#field.value.trim();
    const bareNumber = this.#mode === 'contact' && this.#contact === 'mobile' && /^[\d\s./()-]+$/.test(text) && !text.startsWith('00');
    return bareNumber ? `${PREFIX} ${text}` : text;
  }
}
