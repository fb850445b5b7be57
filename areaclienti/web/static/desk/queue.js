/** /desk: what is offered, what waits, what one has, whom to call back, and for supervisors who has what. */

import { call } from './api.js';
import { Cards, actionsOf, about, isMine, isOfferedToMe, isWaiting, mineRow, pathOf, reasonOf, shows, take, unread, urgencyTag, waitingRow } from './cards.js';
import { age } from './clock.js';
import { DESK } from './data.js';
import { Keyed, h, icon } from './dom.js';
import { alertMe, announce, badge, banner, connection, hide, iHave } from './frame.js';
import { TEXTS } from './it.js';
import { key } from './keys.js';
import { Live } from './live.js';

const at = (id) => document.getElementById(id);
const cards = new Cards();
const told = new Map(); // handover → what a failed attempt said
let isFirst = true;
let frame = 0;
let refill = 0;

const on = {
  taken: (card) => location.assign(pathOf(card.id)),
  failed(card, words) {
    told.set(card.id, words);
    announce(words);
    banner('told', { text: `${reasonOf(card)}: ${words}.`, tone: 'info' });
    setTimeout(() => hide('told'), 8000);
    draw();
  },
};

const lists = {};
function listIn(id) {
  return (lists[id] ??= new Keyed(at(id)));
}

const live = new Live(() => '/desk/api/events', {
  ...connection(() => live),
  queue(found) {
    cards.snapshot(found);
    draw();
    isFirst = false;
  },
  card(card) {
    const before = cards.put(card);
    tell(card, before);
    draw();
  },
  gone({ id }) {
    cards.remove(id);
    draw();
  },
});

function tell(card, before) {
  if (isFirst) return;
  if (isOfferedToMe(card) && !(before && isOfferedToMe(before))) {
    announce(TEXTS.queue.newOffer(reasonOf(card)));
    alertMe(TEXTS.notices.offer, reasonOf(card), '/desk');
  } else if (card.mine && before && unread(card) > unread(before)) {
    alertMe(TEXTS.notices.message, reasonOf(card), pathOf(card.id));
  }
}

function draw() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    render();
  });
}

function render() {
  const offers = cards.where(isOfferedToMe);
  const waiting = cards.where(isWaiting);
  const callbacks = cards.where(({ owner }) => owner === 'callback');
  const mine = cards.where(isMine);
  const others = cards.where((card) => !card.mine && (card.owner === 'human' || card.owner === 'wrap_up'));

  at('offers').hidden = !offers.length;
  listIn('offers-list').update(offers.map((card) => ({ key: card.id, shows: shows(card), make: () => offerRow(card) })));

  fill('waiting', waiting, (card) => waitingRow(card, told.get(card.id), on), {
    count: cards.waiting,
    empty: () => h('div', { class: 'empty-desk' }, icon('cup'), h('p', { class: 'empty-title' }, TEXTS.queue.empty), h('p', {}, TEXTS.queue.emptyMore)),
    rest: cards.waiting - waiting.length,
  });
  if (at('mine')) fill('mine', mine, (card) => mineRow(card), { empty: () => h('p', { class: 'empty-line' }, TEXTS.queue.mineEmpty) });
  at('callbacks-section').hidden = !callbacks.length;
  fill('callbacks', callbacks, (card) => waitingRow(card, told.get(card.id), on));
  at('others-section').hidden = !others.length;
  fill('others', others, otherRow);

  iHave(offers.length + mine.filter(({ owner }) => owner === 'human').length);
  badge(offers.length + mine.filter((card) => unread(card)).length);
  at('waiting').removeAttribute('aria-busy');
  if (cards.waiting > waiting.length && waiting.length < 50) more();
}

function fill(id, found, make, { count = found.length, empty = () => null, rest = 0 } = {}) {
  const place = at(id);
  at(`${id}-count`).textContent = count || '';
  if (!found.length) {
    delete lists[`${id}-list`];
    const nothing = empty();
    if (place.dataset.empty !== 'yes' || !nothing) place.replaceChildren(...(nothing ? [nothing] : []));
    place.dataset.empty = 'yes';
    return;
  }
  if (!lists[`${id}-list`]) {
    place.replaceChildren(h('ul', { class: 'cards', id: `${id}-list` }), h('p', { class: 'hint rest', hidden: true }));
    place.dataset.empty = 'no';
  }
  listIn(`${id}-list`).update(found.map((card) => ({ key: card.id, shows: shows(card, told.get(card.id)), make: () => make(card) })));
  const line = place.lastElementChild;
  line.hidden = rest <= 0;
  line.textContent = rest > 0 ? TEXTS.queue.more(rest) : '';
}

function offerRow(card) {
  const ends = h('span', { class: 'offer-ends', 'data-until': card.offered_until });
  const row = h(
    'li',
    { class: 'card offer', 'data-id': card.id },
    h(
      'div',
      { class: 'card-main' },
      h('h3', {}, h('a', { href: pathOf(card.id), 'data-focus': 'open' }, reasonOf(card))),
      h('p', { class: 'card-wait' }, h('span', { class: 'age' }, age(card.queued_at)), urgencyTag(card), ends),
      about(card),
    ),
    h(
      'div',
      { class: 'card-actions' },
      actionsOf(card, on),
      h('button', { type: 'button', class: 'button small plain', 'data-focus': 'later', onclick: () => call('POST', `/handovers/${card.id}/release`).catch(() => {}) }, TEXTS.queue.later),
    ),
  );
  count(ends);
  return row;
}

function count(ends) {
  const left = Math.ceil((Date.parse(ends.dataset.until) - Date.now()) / 1000);
  ends.textContent = left > 0 ? TEXTS.queue.offerEnds(left) : '';
}

function otherRow(card) {
  return h(
    'li',
    { class: 'card other', 'data-id': card.id },
    h(
      'div',
      { class: 'card-main' },
      h('h3', {}, h('a', { href: pathOf(card.id), 'data-focus': 'open' }, reasonOf(card))),
      h('p', { class: 'with-icon' }, icon('person'), TEXTS.queue.has(card.agent_name ?? '')),
      about(card),
    ),
    h('div', { class: 'card-actions' }, actionsOf(card, on)),
  );
}

/** The list ran short while more wait: ask for the next ones. */
function more() {
  if (refill) return;
  refill = setTimeout(async () => {
    try {
      const found = await call('GET', '/queue');
      cards.snapshot(found);
      draw();
    } catch {
      // the stream brings them with its next beginning
    } finally {
      refill = 0;
    }
  }, 500);
}

setInterval(() => document.querySelectorAll('.offer-ends').forEach(count), 1000);
setInterval(draw, 15_000); // ages
document.addEventListener('desk:presence', draw);

key('n', () => {
  const next = [...cards.where(isOfferedToMe), ...cards.where(isWaiting), ...cards.where(({ owner }) => owner === 'callback')].find(({ may }) => may.includes('claim'));
  if (next) take(next, on);
  else announce(TEXTS.queue.nothingToTake);
});
key('r', () => document.querySelector('#mine a')?.focus());
if (!DESK.answers) document.body.classList.add('reads-only');
