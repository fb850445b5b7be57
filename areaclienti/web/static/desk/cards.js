/** A handover in a list: why, since when, how urgent, who has it, and what one may do with it. */

import { Refused, call } from './api.js';
import { age, duration, when } from './clock.js';
import { DESK, WORDS, remembered } from './data.js';
import { ask, refusalWords } from './dialog.js';
import { h, icon } from './dom.js';
import { TEXTS } from './it.js';

export const pathOf = (id) => `/desk/conversazioni/${id}`;
export const reasonOf = (card) => WORDS.reasons[card.reason] ?? card.reason;

/** How urgent the wait is: `fine`, `soon`, `late`. */
export function urgency(card) {
  const waited = (Date.now() - Date.parse(card.queued_at)) / 1000;
  return waited >= DESK.sla.late ? 'late' : waited >= DESK.sla.soon ? 'soon' : 'fine';
}

/** How many of the customer's messages one has not seen yet. */
export function unread(card) {
  const seen = remembered.get(`seen.${card.id}`, 0);
  return card.unanswered.filter((seq) => seq > seen).length;
}

/** One has seen the conversation up to there. */
export function seenUpTo(id, seq) {
  if (remembered.get(`seen.${id}`, 0) < seq) remembered.set(`seen.${id}`, seq);
}

/** The reasons, the channel and the place, in one line. */
export function about(card) {
  return h(
    'p',
    { class: 'card-about' },
    h('span', { class: 'with-icon' }, icon(card.channel), WORDS.channels[card.channel] ?? card.channel),
    card.level ? h('span', {}, TEXTS.level[card.level]) : null,
    card.resume_step !== 'idle' ? h('span', {}, TEXTS.queue.stoppedAt(WORDS.steps[card.resume_step] ?? card.resume_step)) : null,
  );
}

/** An urgency by shape, word and colour. */
export function urgencyTag(card) {
  const level = urgency(card);
  return h('span', { class: `sla ${level}` }, icon(level), TEXTS.sla[level]);
}

/**
 * A row of a list. `told`: what a failed attempt said. `on`: `taken(card)`, `failed(card, words)`.
 */
export function waitingRow(card, told, on) {
  const isCallback = card.owner === 'callback';
  const isOverdue = isCallback && card.due_at && Date.parse(card.due_at) < Date.now();
  const due = card.due_at && (isOverdue ? TEXTS.queue.overdue : TEXTS.queue.due)(when(card.due_at));
  return h(
    'li',
    { class: `card ${isCallback ? (isOverdue ? 'late' : 'fine') : urgency(card)} ${card.owner}`, 'data-id': card.id },
    h(
      'div',
      { class: 'card-main' },
      h('h3', {}, h('a', { href: pathOf(card.id), 'data-focus': 'open' }, reasonOf(card))),
      h(
        'p',
        { class: 'card-wait' },
        isCallback
          ? h('span', { class: 'with-icon' }, icon(isOverdue ? 'late' : 'phone'), due)
          : [h('span', { class: 'age' }, age(card.queued_at)), urgencyTag(card)],
      ),
      about(card),
      card.owner === 'offered' ? h('p', { class: 'hint' }, TEXTS.queue.offeredTo(card.agent_name ?? '')) : null,
      told ? h('p', { class: 'card-told' }, icon('info'), told) : null,
    ),
    h('div', { class: 'card-actions' }, actionsOf(card, on)),
  );
}

/** What one may do with it: take it, take it over, read it. */
export function actionsOf(card, on) {
  const label = reasonOf(card);
  const named = (text) => [text, h('span', { class: 'unseen' }, `: ${label}`)];
  if (card.may.includes('claim')) {
    const text = card.owner === 'callback' ? TEXTS.queue.call : TEXTS.queue.take;
    return h('button', { type: 'button', class: 'button small', 'data-focus': 'take', onclick: (event) => take(card, on, event.currentTarget) }, named(text));
  }
  return [
    card.may.includes('force_take')
      ? h('button', { type: 'button', class: 'button small outline', 'data-focus': 'force', onclick: () => takeOver(card, on) }, named(TEXTS.queue.takeOver))
      : null,
    h('a', { class: 'button small plain', href: pathOf(card.id), 'data-focus': 'read' }, named(TEXTS.queue.read)),
  ];
}

/** Take it, and go there; who comes late reads who was faster. */
export async function take(card, on, button) {
  if (button?.getAttribute('aria-disabled') === 'true') return;
  button?.setAttribute('aria-disabled', 'true');
  try {
    await call('POST', `/handovers/${card.id}/claim`);
    on.taken(card);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    on.failed(card, lostWords(error));
  } finally {
    button?.removeAttribute('aria-disabled');
  }
}

/** A supervisor takes it from whoever has it, after a question. */
export async function takeOver(card, on) {
  const isOthers = card.owner === 'human';
  const done = await ask({
    title: TEXTS.dialogs.takeOver.title,
    lead: isOthers ? TEXTS.queue.takeOverAsk(card.agent_name ?? '') : null,
    label: TEXTS.dialogs.takeOver.confirm,
    confirm: () => call('POST', `/handovers/${card.id}/force-take`),
    explain: refusalWords,
  });
  if (done) on.taken(card);
}

export function lostWords(error) {
  if (error.code === 'taken') return error.answer.agent_name ? TEXTS.queue.takenBy(error.answer.agent_name) : TEXTS.queue.takenByNobody;
  if (error.code === 'unknown') return TEXTS.queue.takenByNobody;
  return error.code === 'forbidden' ? TEXTS.queue.forbidden : TEXTS.queue.failed;
}

/** One of one's own. */
export function mineRow(card, isCurrent = false) {
  const news = unread(card);
  const state = card.owner === 'wrap_up' ? TEXTS.queue.wrapUp : card.unanswered.length ? TEXTS.queue.unanswered(card.unanswered.length) : TEXTS.queue.answered;
  return h(
    'li',
    { class: `mine-row ${isCurrent ? 'current' : ''} ${news ? 'has-news' : ''}`, 'data-id': card.id },
    h(
      'a',
      { href: pathOf(card.id), 'aria-current': isCurrent ? 'page' : null, 'data-focus': 'open' },
      h('span', { class: 'mine-title' }, icon(card.channel), card.last_words ? `«${card.last_words}»` : reasonOf(card)),
      h('span', { class: 'mine-about' }, `${reasonOf(card)} · ${duration(Date.now() - Date.parse(card.claimed_at ?? card.queued_at))}`),
      h('span', { class: `mine-state ${card.unanswered.length ? 'waits' : ''}` }, icon(card.unanswered.length ? 'clock' : 'check'), state),
      news ? h('span', { class: 'news' }, TEXTS.queue.unread(news)) : null,
    ),
  );
}

/** What a row shows, so that it is drawn anew only when that changes. */
export const shows = (card, ...more) => [card, urgency(card), age(card.queued_at), card.mine ? unread(card) : 0, ...more];

/** Whether it is waiting and offered to nobody but others. */
export const isWaiting = (card) => card.owner === 'queued' || (card.owner === 'offered' && !card.mine);
export const isOfferedToMe = (card) => card.owner === 'offered' && card.mine;
export const isMine = (card) => card.mine && (card.owner === 'human' || card.owner === 'wrap_up');

/** The board as this page knows it, brought up to date by the stream's events. */
export class Cards {
  #byId = new Map();
  waiting = 0;

  snapshot({ cards, waiting }) {
    this.#byId = new Map(cards.map((card) => [card.id, card]));
    this.waiting = waiting;
  }

  /** The card as it was before. */
  put(card) {
    const before = this.#byId.get(card.id);
    if (isWaiting(card) && !(before && isWaiting(before))) this.waiting += 1;
    if (before && isWaiting(before) && !isWaiting(card)) this.waiting -= 1;
    if (card.owner === 'ended') this.#byId.delete(card.id);
    else this.#byId.set(card.id, card);
    return before;
  }

  remove(id) {
    const before = this.#byId.get(id);
    if (before && isWaiting(before)) this.waiting -= 1;
    this.#byId.delete(id);
    return before;
  }

  get(id) {
    return this.#byId.get(id);
  }

  where(test) {
    return [...this.#byId.values()].filter(test).sort((a, b) => a.queued_at.localeCompare(b.queued_at) || a.id.localeCompare(b.id));
  }
}
