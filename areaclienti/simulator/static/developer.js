/** What happens behind the scenes: refused requests, webhooks and payloads as they went over the line. */

import { h } from '/static/chat/dom.js';
import { ask } from './api.js';
import { Faults } from './faults.js';
import { TEXTS } from './it.js';

const T = TEXTS.developer;
const EVERY_MS = 2500;
const TIME = new Intl.DateTimeFormat('it-IT', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const SHOWN = 20;

export class Developer {
  #root = document.querySelector('#developer');
  #lists = {
    refused: new List(T.refused, T.noRefused, 'refused'),
    graph: new List(T.graph, T.noGraph),
    webhooks: new List(T.webhooks, T.noWebhooks),
  };
  #faults = new Faults();
  #received = () => [];

  constructor() {
    document.querySelector('#developer-lists').replaceChildren(this.#faults.element, ...Object.values(this.#lists).map(({ element }) => element));
    this.#look();
  }

  /** Where the chat's received entries come from. */
  follow(received) {
    this.#received = received;
  }

  async #look() {
    if (!document.hidden && this.#root.offsetParent !== null) {
      try {
        const [about, refused, webhooks] = await Promise.all([ask('GET', '/about'), ask('GET', '/refused'), ask('GET', '/webhooks')]);
        this.#draw(about, refused, webhooks);
        await this.#faults.look();
      } catch {
        // the chat says that the simulator is away
      }
    }
    setTimeout(() => this.#look(), EVERY_MS);
  }

  #draw({ webhook_verified: verified }, { refused, in_all: inAll }, { webhooks }) {
    const state = document.querySelector('#webhook-state');
    const text = verified ? T.verified : T.unverified;
    if (state.textContent !== text) state.textContent = text;
    this.#lists.refused.show(inAll, refused.slice(0, SHOWN).map(refusedItem));
    this.#lists.webhooks.show(webhooks.length, webhooks.slice(0, SHOWN).map(webhookItem));
    const graph = this.#received();
    this.#lists.graph.show(graph.length, graph.slice(0, SHOWN).map(graphItem));
  }
}

class List {
  #none;
  #title;
  #entries = h('ul');
  #items = new Map();

  constructor(title, none, className = '') {
    this.#title = h('h3', {}, title);
    this.#none = h('p', { class: 'none' }, none);
    this.element = h('section', { class: className }, this.#title, this.#none, this.#entries);
    this.title = title;
  }

  /** Draws only what is new or changed, so that what was opened stays open and keeps the focus. */
  show(count, items) {
    const title = count ? `${this.title} (${count})` : this.title;
    if (this.#title.textContent !== title) this.#title.textContent = title;
    this.#none.hidden = items.length > 0;
    const keys = new Set(items.map(({ key }) => key));
    for (const [key, { element }] of this.#items) if (!keys.has(key)) (element.remove(), this.#items.delete(key));
    for (const item of [...items].reverse()) {
      const known = this.#items.get(item.key);
      if (known?.mark === item.mark) continue;
      const element = h('li', {}, details(item));
      if (known) {
        if (known.element.firstChild.open) element.firstChild.open = true;
        known.element.replaceWith(element);
      } else this.#entries.prepend(element);
      this.#items.set(item.key, { mark: item.mark, element });
    }
  }
}

function details({ lead, label, note, at, explain, json }) {
  return h(
    'details',
    {},
    h('summary', {}, lead && h('b', {}, lead), h('span', { class: 'grow' }, label), note && h('span', { class: 'count' }, note), h('time', {}, TIME.format(new Date(at * 1000)))),
    explain,
    h('pre', { tabindex: '0', role: 'group', 'aria-label': label }, JSON.stringify(json, null, 2)),
  );
}

function refusedItem({ at, code, title, details: why, limit, document: address, request }) {
  const explain = h('p', { class: 'explain' }, why, ' ', limit && `${T.limit(limit)}. `, h('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, T.document));
  return { key: `${at}`, mark: '', lead: String(code), label: title, at, explain, json: request };
}

function webhookItem({ id, kind, made_at: at, tries, answer, delivered, body }) {
  const note = [T.tries(tries), delivered ? '' : answer ?? T.waiting].filter(Boolean).join(', ');
  return { key: String(id), mark: `${tries} ${delivered}`, lead: delivered ? '200' : '…', label: T.kinds[kind] ?? kind, note, at, json: body };
}

function graphItem({ n, at, payload, status }) {
  return { key: String(n), mark: `${status} ${at}`, lead: null, label: T.kinds[payload.interactive?.type ?? payload.type] ?? payload.type, note: TEXTS.chat.status[status], at, json: payload };
}
