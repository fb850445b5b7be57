/** One entry of the chat as an element; a change of its ticks alone touches nothing else. */

import { h } from '/static/chat/dom.js';
import { formatted, plain } from './format.js';
import { icon, ticks } from './icons.js';
import { TEXTS } from './it.js';

const T = TEXTS.chat;
const TIME = new Intl.DateTimeFormat('it-IT', { hour: '2-digit', minute: '2-digit' });
const LONG_PRESS_MS = 500;

export class Bubble {
  #actions;
  #shown = '';
  #meta = h('span', { class: 'meta', 'aria-live': 'off' }); // a log would read every tick aloud

  /** `actions`: `choose(entry, reply)`, `list(entry)`, `menu(entry)`, `quoted(wamid)` → entry, `jump(wamid)`. */
  constructor(actions) {
    this.#actions = actions;
    this.element = h('article', { class: 'row' });
    onLongPress(this.element, () => this.entry && !this.entry.deleted && actions.menu(this.entry));
  }

  update(entry) {
    this.entry = entry;
    const { status, version, at, ...rest } = entry;
    const shown = JSON.stringify(rest);
    if (shown !== this.#shown) this.#draw(entry);
    this.#shown = shown;
    const mine = entry.side === 'person';
    const time = TIME.format(new Date(at * 1000));
    this.#meta.className = `meta ${status}`;
    this.#meta.replaceChildren(
      ...(entry.edited ? [`${T.edited} `] : []),
      h('time', { datetime: new Date(at * 1000).toISOString() }, time),
      ...(mine ? [ticks(status), h('span', { class: 'unseen' }, T.status[status])] : []),
    );
    this.element.setAttribute('aria-label', `${mine ? T.you : T.business}, ${time}`);
  }

  #draw(entry) {
    const content = entry.deleted ? { body: [h('p', { class: 'gone' }, T.deleted[entry.side])] } : contentOf(entry, this.#actions);
    const quote = entry.deleted ? null : this.#quote(entry);
    const more = entry.deleted
      ? null
      : h('button', { type: 'button', class: 'more', 'aria-label': T.more, 'aria-haspopup': 'dialog', onclick: () => this.#actions.menu(this.entry) }, icon('down'));
    const reactions = Object.values(entry.reactions);
    this.element.className = `row ${entry.side} ${content.kind ?? ''} ${content.offers ? 'offers' : ''}`;
    this.element.replaceChildren(
      h('div', { class: 'bubble' }, quote, content.body, this.#meta, more),
      ...(reactions.length ? [h('span', { class: 'reactions' }, reactions.join(' '))] : []),
      ...(content.offers ?? []),
    );
  }

  #quote(entry) {
    const wamid = entry.payload.context?.id ?? entry.payload.context?.message_id;
    const quoted = wamid && this.#actions.quoted(wamid);
    return quoted ? quoteOf(quoted, () => this.#actions.jump(wamid)) : null;
  }
}

/** The few words that stand for an entry in a quote. */
export function quoteOf(entry, onclick) {
  return h('button', { type: 'button', class: 'quote', onclick }, h('b', {}, entry.side === 'person' ? T.you : T.business), h('span', {}, excerpt(entry)));
}

/** An entry in one line of plain words. */
export function excerpt({ payload, deleted, side }) {
  if (deleted) return T.deleted[side];
  const { type, interactive } = payload;
  if (type === 'text') return plain(payload.text.body);
  if (type === 'template') return T.template(payload.template.name);
  if (interactive?.body) return plain(interactive.body.text);
  if (interactive) return interactive.button_reply?.title ?? interactive.list_reply?.title ?? interactive.nfm_reply?.body;
  return TEXTS.media[type] ?? T.message;
}

function contentOf(entry, actions) {
  const { payload } = entry;
  if (payload.type === 'text') return { body: [words(payload.text.body)] };
  if (payload.type === 'template') return { body: [h('p', { class: 'top' }, T.template(payload.template.name)), words(parametersOf(payload.template).join(' · ')), h('p', { class: 'foot' }, T.templateText)] };
  if (payload.type !== 'interactive') return mediaOf(payload);
  const { interactive } = payload;
  if (!interactive.body) return { body: [words(excerpt(entry))] };
  const { header, footer } = interactive;
  const body = [header && h('p', { class: 'top' }, header.text), words(interactive.body.text), footer && h('p', { class: 'foot' }, footer.text)];
  return { body, offers: offersOf(entry, interactive, actions) };
}

function offersOf(entry, { type, action }, actions) {
  const offer = (attributes, ...children) => h('button', { type: 'button', class: 'offer', ...attributes }, ...children);
  if (type === 'button') {
    return action.buttons.map(({ reply }) => offer({ onclick: () => actions.choose(entry, { type: 'button_reply', ...reply }) }, icon('reply'), reply.title));
  }
  if (type === 'list') return [offer({ 'aria-haspopup': 'dialog', onclick: () => actions.list(entry) }, icon('list'), action.button)];
  if (type === 'flow') return [offer({ disabled: true }, icon('flow'), action.parameters.flow_cta), h('p', { class: 'chip' }, T.flow)];
  const { url, display_text: label } = action.parameters;
  return [h('a', { class: 'offer', href: url, target: '_blank', rel: 'noopener noreferrer' }, icon('open'), label)];
}

function mediaOf(payload) {
  const { type } = payload;
  const name = TEXTS.media[type] ?? type;
  if (type === 'sticker') return { kind: 'sticker', body: [h('div', { class: 'picture', role: 'img', 'aria-label': name }, icon('sticker'))] };
  if (type === 'image' || type === 'video') {
    return { body: [h('div', { class: 'picture', role: 'img', 'aria-label': name }, icon(type)), payload[type].caption && words(payload[type].caption)] };
  }
  const wave = type === 'audio' && h('span', { class: 'wave' });
  const label = h('span', { class: wave ? 'unseen' : '' }, name);
  const details = TEXTS.mediaDetails[type];
  return { body: [h('div', { class: 'media' }, icon(type in TEXTS.media ? type : 'unsupported'), label, wave, details && h('span', { class: 'foot' }, details))] };
}

function parametersOf(template) {
  return (template.components ?? []).flatMap(({ parameters }) => parameters.map((parameter) => parameter.text ?? parameter.payload ?? '')).filter(Boolean);
}

function words(text) {
  return h('div', { class: 'words' }, formatted(text));
}

function onLongPress(element, handler) {
  let timer = 0;
  const stop = () => clearTimeout(timer);
  element.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse' || event.target.closest('.offer, a')) return;
    stop();
    timer = setTimeout(handler, LONG_PRESS_MS);
  });
  for (const name of ['pointerup', 'pointercancel', 'pointermove', 'pointerleave']) element.addEventListener(name, stop);
  element.addEventListener('contextmenu', (event) => {
    if (event.target.closest('a')) return;
    event.preventDefault();
    stop();
    handler();
  });
}
