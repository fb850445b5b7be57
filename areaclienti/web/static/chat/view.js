/** Draws the conversation: one node a message, replaced only when what it shows has changed. */

import { choices } from './choices.js';
import { avatar, h, icon } from './dom.js';
import { TEXTS } from './it.js';

const TIME = new Intl.DateTimeFormat('it-IT', { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat('it-IT', { weekday: 'long', day: 'numeric', month: 'long' });

export class LogView {
  #log;
  #actions;
  #nodes = new Map(); // key → { node, signature }

  /** `actions`: `choose(choice)`, `retry(clientId)`, `openNotice()`. */
  constructor(log, actions) {
    this.#log = log;
    this.#actions = actions;
  }

  /** Brings the log up to date with the store; returns the keys of the nodes that are new. */
  update(store) {
    const open = store.openChoices();
    const added = [];
    const wanted = [];
    const lastOwn = store.messages().findLast(({ author }) => author === 'customer')?.key;
    let previous = null;
    for (const message of store.messages()) {
      if (newDay(previous, message)) wanted.push(this.#keep(`d${message.key}`, dayOf(message), () => daySeparator(message)));
      const shown = {
        first: !previous || previous.author !== message.author || newDay(previous, message),
        open: message.key === open,
        lastOwn: message.key === lastOwn,
        chosen: message.choices?.length ? store.chosen(message) : null,
      };
      const signature = JSON.stringify([message.seq, message.status, message.reason, shown]);
      if (!this.#nodes.has(message.key)) added.push(message.key);
      wanted.push(this.#keep(message.key, signature, () => this.#message(message, shown)));
      previous = message;
    }
    this.#place(wanted);
    return added;
  }

  node(key) {
    return this.#nodes.get(key)?.node;
  }

  #keep(key, signature, make) {
    const known = this.#nodes.get(key);
    if (known?.signature === signature) return known.node;
    const node = make();
    known?.node.replaceWith(node);
    this.#nodes.set(key, { node, signature });
    return node;
  }

  #place(wanted) {
    wanted.forEach((node, index) => {
      if (this.#log.children[index] !== node) this.#log.insertBefore(node, this.#log.children[index] ?? null);
    });
    while (this.#log.children.length > wanted.length) this.#log.lastElementChild.remove();
    const alive = new Set(wanted);
    for (const [key, { node }] of this.#nodes) if (!alive.has(node)) this.#nodes.delete(key);
  }

  #message(message, { first, open, chosen, lastOwn }) {
    const quiet = message.author === 'system' || message.kind === 'notice';
    const failure = message.kind === 'failure';
    return h(
      'div',
      { class: `message ${message.author} ${quiet ? 'notice' : ''} ${failure ? 'failure' : ''} ${first ? 'first' : ''}` },
      first && !quiet && message.author !== 'customer' && avatar(message.author),
      this.#meta(message, first && !quiet),
      h('div', { class: 'bubble' }, failure && icon('warning'), message.kind === 'secret' && icon('lock'), h('p', {}, words(message))),
      this.#card(message.card),
      offered(message).length
        ? choices(offered(message), { open, chosen, onChoose: (choice) => this.#actions.choose(choice) })
        : null,
      message.author === 'customer' && this.#delivery(message, lastOwn),
    );
  }

  #meta({ author, at }, visible) {
    const moment = new Date(at);
    return h(
      'p',
      { class: visible ? 'meta' : 'meta unseen' },
      h('span', { class: 'author' }, TEXTS.authors[author] ?? author),
      ' ',
      Number.isNaN(moment.getTime()) ? null : h('time', { datetime: at }, TIME.format(moment)),
    );
  }

  #card(card) {
    if (card?.type === 'privacy_notice') {
      return h(
        'button',
        { type: 'button', class: 'card-button', onclick: () => this.#actions.openNotice() },
        icon('document'),
        TEXTS.privacy.open,
      );
    }
    const address = card?.type === 'link' && safeAddress(card.url);
    return address ? h('a', { class: 'card-button primary', href: address }, card.title) : null;
  }

  #delivery({ status, reason, client_id: clientId }, lastOwn) {
    if (status === 'sending') return h('p', { class: 'delivery' }, TEXTS.sending);
    if (status === 'sent') return lastOwn && h('p', { class: 'delivery' }, TEXTS.sent);
    const final = reason.code === 'choice_expired' || reason.code === 'too_long';
    return h(
      'p',
      { class: 'delivery failed' },
      icon('warning'),
      `${TEXTS.notSent} (${failureWords(reason)})`,
      final ? null : ' · ',
      final ? null : h('button', { type: 'button', class: 'link', onclick: () => this.#actions.retry(clientId) }, TEXTS.retry),
    );
  }
}

/** Why a message was not sent, in words. */
export function failureWords({ code, retryAfter }) {
  const known = TEXTS.failures[code] ?? TEXTS.failures.other;
  return typeof known === 'function' ? known(retryAfter ?? 10) : known;
}

/** What a message says aloud and on screen. */
export function words({ text, kind }) {
  return text || (kind === 'secret' ? TEXTS.secretGiven : '');
}

/** The message's choices but those that a card beside the chat has a button for. */
export function offered({ choices: all }) {
  return (all ?? []).filter(({ title }) => title !== TEXTS.code.resend);
}

function dayOf({ at }) {
  return DAY.format(new Date(at));
}

function newDay(previous, message) {
  return Boolean(previous) && dayOf(previous) !== dayOf(message);
}

function daySeparator(message) {
  return h('p', { class: 'day' }, dayOf(message));
}

/** Links of the assistant lead to our own pages or to other sites over https, and nowhere else. */
function safeAddress(url) {
  const address = URL.parse ? URL.parse(url, location.href) : new URL(url, location.href);
  return address && (address.origin === location.origin || address.protocol === 'https:') ? address.href : null;
}
