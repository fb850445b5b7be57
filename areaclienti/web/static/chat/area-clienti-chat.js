/** `<area-clienti-chat>`: the custom element that joins transport, store and view into the chat. */

import { CodeCard } from './code-field.js';
import { Composer } from './composer.js';
import { PrivacyDialog, RestartDialog } from './dialogs.js';
import { h, icon, uuid } from './dom.js';
import { Header } from './header.js';
import { TEXTS } from './it.js';
import { PasswordCard, TaxCodeCard } from './secret-card.js';
import { Store } from './store.js';
import { styles } from './styles.js';
import { Transport } from './transport.js';
import { LogView, failureWords, offered, words } from './view.js';

const SLOW_MS = 8000;
const WAIT_MS = 30_000;
const NEAR_BOTTOM = 48;

const CARDS = {
  'secret:password': { purpose: 'password', make: (submit, link) => new PasswordCard(submit, link) },
  'secret:tax_code': { purpose: 'tax_code', make: (submit, link) => new TaxCodeCard(submit, link) },
  code: { purpose: 'verification_code', make: (submit, link, resend) => new CodeCard(submit, resend) },
};

export class AreaClientiChat extends HTMLElement {
  #store = new Store(() => this.#schedule());
  #transport = new Transport({
    session: (session) => this.#store.begin(session),
    message: (message) => this.#receive(message),
    state: (state) => this.#setState(state),
    typing: ({ on }) => this.#setTyping(on),
    online: () => this.#online(),
    offline: () => this.#offline(),
  });
  #header;
  #view;
  #composer;
  #privacy;
  #restart;
  #parts = {};
  #card = null; // { kind, card } while one is shown
  #cardWaits = false; // a secret was taken: no card until the assistant has answered
  #asking = false; // the composer was opened beside a card
  #pinned = true;
  #lastTop = 0;
  #frame = 0;
  #resized = new ResizeObserver(() => this.#pinned && this.#toBottom());
  #timers = {};
  #readFrom = null; // the first message that the customer may not have read yet

  constructor() {
    super();
    this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [styles()];
    this.#build();
  }

  connectedCallback() {
    this.#transport.open();
    window.visualViewport?.addEventListener('resize', this.#fit);
    this.#resized.observe(this.#parts.scroller);
    this.#render();
  }

  disconnectedCallback() {
    this.#transport.close();
    window.visualViewport?.removeEventListener('resize', this.#fit);
    this.#resized.disconnect();
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  /** Fills the screen on phones, and leads the keyboard to the conversation. */
  expand() {
    this.toggleAttribute('expanded', true);
    this.#header.setExpanded(true);
    this.#fit();
    this.#focusInput();
  }

  #build() {
    this.#header = new Header({
      person: () => this.#send(TEXTS.menu.person),
      restart: () => this.#restart.open(),
      expand: () => this.#toggleExpanded(),
    });
    this.#composer = new Composer((text) => this.#send(text));
    this.#privacy = new PrivacyDialog(() => this.#transport.privacyNotice());
    this.#restart = new RestartDialog(() => this.#startAgain());
    const log = h('div', { role: 'log', class: 'log', 'aria-live': 'off', 'aria-label': TEXTS.messages });
    this.#view = new LogView(log, {
      choose: (choice) => this.#choose(choice),
      retry: (clientId) => this.#retry(clientId),
      openNotice: () => this.#privacy.open(),
    });
    const parts = (this.#parts = {
      log,
      banner: h(
        'div',
        { class: 'banner', hidden: true },
        h('span', {}, TEXTS.connection.lost),
        h('button', { type: 'button', class: 'link', onclick: () => this.#transport.reconnectNow() }, TEXTS.connection.retryNow),
      ),
      typing: h('p', { class: 'typing', hidden: true }),
      cardSlot: h('div', { class: 'card-slot' }),
      scroller: null,
      jump: h('button', { type: 'button', class: 'jump', hidden: true, onclick: () => this.#toBottom() }, icon('down'), TEXTS.newMessages),
      question: h('button', { type: 'button', class: 'question link', onclick: () => this.#toggleQuestion() }),
      dock: null,
      announcer: h('div', { class: 'unseen', 'aria-live': 'polite', 'aria-atomic': 'false' }),
    });
    parts.scroller = h(
      'div',
      { class: 'scroller', tabindex: 0, role: 'group', 'aria-label': TEXTS.conversation, onscroll: () => this.#scrolled() },
      log,
      parts.typing,
      parts.cardSlot,
    );
    parts.dock = h('div', { class: 'dock' }, parts.question, this.#composer.element);
    const middle = h('div', { class: 'middle' }, parts.banner, parts.scroller, parts.jump);
    this.shadowRoot.append(
      h('section', { class: 'frame', 'aria-label': TEXTS.region }, this.#header.element, middle, parts.dock, parts.announcer),
      this.#privacy.element,
      this.#restart.element,
    );
  }

  // ---- what comes in -------------------------------------------------------------------------------------------

  #receive(message) {
    if (!this.#store.receive(message)) return;
    const fromOthers = message.author !== 'customer';
    if (fromOthers) this.#answered();
    if (fromOthers && message.seq > this.#store.historyUntil) this.#announce(message);
  }

  #setState(state) {
    this.#cardWaits = false;
    if (state.expects !== this.#store.state.expects) this.#asking = false;
    this.#store.set({ state });
  }

  #answered() {
    this.#cardWaits = false;
    clearTimeout(this.#timers.wait);
  }

  #online() {
    if (!this.#store.online) this.#say(TEXTS.connection.back);
    this.#store.set({ online: true });
    for (const { client_id: clientId } of this.#store.failedByNetwork()) this.#retry(clientId);
  }

  #offline() {
    if (this.#store.online) this.#say(TEXTS.connection.lost);
    this.#store.set({ online: false, typing: false });
  }

  // ---- what goes out -------------------------------------------------------------------------------------------

  #send(text) {
    const clientId = uuid();
    this.#pinned = true;
    this.#asking = false;
    this.#store.queue(clientId, { text });
    return this.#deliver(clientId);
  }

  #choose(choice) {
    if (!this.#store.openChoices()) return;
    const clientId = uuid();
    this.#pinned = true;
    this.#store.queue(clientId, { text: choice.title, choiceId: choice.id });
    // The pressed button is about to be disabled; from here Tab leads on to the next choices.
    this.#parts.scroller.focus({ preventScroll: true });
    this.#deliver(clientId);
  }

  #retry(clientId) {
    this.#store.mark(clientId, 'sending');
    return this.#deliver(clientId);
  }

  async #deliver(clientId) {
    const { text, choiceId } = this.#store.pending(clientId);
    try {
      const { seq } = choiceId ? await this.#transport.sendChoice(clientId, choiceId) : await this.#transport.sendText(clientId, text);
      this.#store.mark(clientId, 'sent');
      this.#expectAnswer(seq);
    } catch (error) {
      this.#store.mark(clientId, 'failed', { code: error.code, retryAfter: error.retryAfter });
      if (error.code === 'too_long') this.#composer.restore(text);
      this.#say(`${TEXTS.notSent}: ${failureWords(error)}`);
    }
  }

  async #deliverSecret(purpose, clientId, value) {
    const { seq } = await this.#transport.sendSecret(clientId, purpose, value);
    this.#cardWaits = !this.#store.answeredSince(seq);
    this.#pinned = true;
    this.#parts.scroller.focus({ preventScroll: true });
    this.#showCard(null);
    this.#expectAnswer(seq);
    this.#schedule();
  }

  /** The customer sees at once that an answer is on its way, and gets the card back if none comes. */
  #expectAnswer(seq) {
    if (this.#store.state.owner !== 'bot' || this.#store.answeredSince(seq)) return;
    this.#setTyping(true);
    clearTimeout(this.#timers.wait);
    this.#timers.wait = setTimeout(() => {
      this.#cardWaits = false;
      this.#setTyping(false);
    }, WAIT_MS);
  }

  async #startAgain() {
    await this.#transport.restart();
    this.#asking = false;
    this.#pinned = true;
  }

  // ---- what is shown -------------------------------------------------------------------------------------------

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => this.#render());
  }

  #render() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.isConnected) return;
    const store = this.#store;
    const { banner, scroller, jump } = this.#parts;
    const active = this.#activeWithin();
    this.#header.update(store);
    const added = this.#view.update(store);
    banner.hidden = store.online;
    this.#showTyping();
    this.#showInput(active);
    scroller.setAttribute('aria-busy', String(!store.ready));
    const live = store.lastSeq > store.historyUntil;
    if (added.length && live && (this.#pinned || jump.hidden)) this.#readFrom = this.#view.node(added[0]);
    if (this.#pinned) this.#toBottom();
    else if (added.length) jump.hidden = false;
  }

  #showTyping() {
    const { typing } = this.#parts;
    const { typing: on, state } = this.#store;
    if (typing.hidden !== on) return;
    clearTimeout(this.#timers.slow);
    typing.hidden = !on;
    if (!on) return;
    const text = h('span', {}, state.owner === 'human' ? TEXTS.typingHuman : TEXTS.typing);
    typing.replaceChildren(text, h('span', { class: 'dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i')));
    this.#timers.slow = setTimeout(() => {
      text.textContent = TEXTS.typingSlow;
      this.#say(TEXTS.typingSlow);
    }, SLOW_MS);
  }

  #showInput(active) {
    const { expects, owner } = this.#store.state;
    const kind = owner === 'bot' && CARDS[expects] ? expects : null;
    const shown = this.#cardWaits ? null : kind;
    const changed = (this.#card?.kind ?? null) !== shown;
    if (changed) this.#showCard(shown);
    const { question, dock } = this.#parts;
    question.hidden = !kind;
    question.textContent = this.#asking ? TEXTS.composer.closeQuestion : TEXTS.composer.question;
    question.setAttribute('aria-expanded', String(this.#asking));
    this.#composer.element.hidden = Boolean(kind) && !this.#asking;
    this.#composer.setMode(owner === 'bot' && expects === 'email_or_mobile' ? 'contact' : 'text', this.#placeholder());
    dock.classList.toggle('bare', this.#composer.element.hidden);
    if (changed && shown && active && !this.#asking) this.#focusInput();
    else if (active && !this.shadowRoot.activeElement) this.#parts.scroller.focus({ preventScroll: true });
  }

  #placeholder() {
    const { expects, owner, agent } = this.#store.state;
    if (owner === 'human') return agent ? TEXTS.composer.placeholderNamed(agent.split(' ')[0]) : TEXTS.composer.placeholderPerson;
    return expects === 'choice' && this.#store.openChoices() ? TEXTS.composer.placeholderChoice : undefined;
  }

  #showCard(kind) {
    if (!kind) {
      this.#card = null;
      this.#parts.cardSlot.replaceChildren();
      return;
    }
    const { purpose, make } = CARDS[kind];
    const card = make(
      (clientId, value) => this.#deliverSecret(purpose, clientId, value),
      () => this.#transport.secretLink(),
      () => this.#resend(),
    );
    this.#card = { kind, card };
    this.#parts.cardSlot.replaceChildren(card.element);
  }

  #resend() {
    const choice = this.#store.openChoice(TEXTS.code.resend);
    if (choice) this.#choose(choice);
    else this.#send(TEXTS.code.resend);
  }

  #toggleQuestion() {
    this.#asking = !this.#asking;
    this.#render();
    if (this.#asking) this.#composer.focus();
  }

  #activeWithin() {
    return document.activeElement === this;
  }

  #focusInput() {
    // On a touch screen the keyboard would cover what there is to read.
    if (matchMedia('(pointer: coarse)').matches) return;
    if (this.#card) this.#card.card.focus();
    else this.#composer.focus();
  }

  #toggleExpanded() {
    if (!this.hasAttribute('expanded')) return this.expand();
    this.removeAttribute('expanded');
    this.#header.setExpanded(false);
  }

  /** Keeps the whole chat above an on-screen keyboard. */
  #fit = () => {
    const height = window.visualViewport?.height;
    if (height) this.style.setProperty('--screen', `${Math.round(height)}px`);
  };

  // ---- reading position ----------------------------------------------------------------------------------------

  /**
   * Down to the end, but never past the first line of what has just come: long answers are read from their top.
   * A card comes first: its button has to be seen, or at least its top where the card is taller than the chat.
   */
  #toBottom() {
    const { scroller, cardSlot, jump } = this.#parts;
    let top = scroller.scrollHeight - scroller.clientHeight;
    const from = this.#card ? cardSlot : this.#readFrom;
    if (from?.isConnected) top = Math.min(top, Math.max(0, from.offsetTop - 16));
    this.#pinned = true;
    scroller.scrollTop = top;
    this.#lastTop = scroller.scrollTop;
    jump.hidden = true;
  }

  #scrolled() {
    const { scroller, jump } = this.#parts;
    const below = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
    if (below <= NEAR_BOTTOM) {
      this.#pinned = true;
      jump.hidden = true;
    } else if (scroller.scrollTop < this.#lastTop - 4) {
      this.#pinned = false; // only a person scrolls back
    }
    this.#lastTop = scroller.scrollTop;
  }

  // ---- screen readers ------------------------------------------------------------------------------------------

  #announce(message) {
    const titles = offered(message).map(({ title }) => title);
    const choices = titles.length ? ` ${TEXTS.choices.legend}: ${titles.join(', ')}.` : '';
    this.#say(`${TEXTS.authors[message.author] ?? ''}: ${words(message)}${choices}`);
  }

  #say(text) {
    const line = h('p', {}, text);
    this.#parts.announcer.append(line);
    while (this.#parts.announcer.children.length > 5) this.#parts.announcer.firstElementChild.remove();
  }

  #setTyping(on) {
    if (this.#store.typing !== on) this.#store.set({ typing: on });
  }
}

customElements.define('area-clienti-chat', AreaClientiChat);
