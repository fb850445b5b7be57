/** /desk/conversazioni/{id}: the conversation as it grows, the box to answer, and the ways to pass it on. */

import { Refused, call, whenSignedOut } from './api.js';
import { Cards, isMine, isOfferedToMe, isWaiting, lostWords, mineRow, pathOf, reasonOf, seenUpTo, shows, take, takeOver, unread } from './cards.js';
import { Composer } from './composer.js';
import { DESK, WORDS, pageData } from './data.js';
import { Keyed, h, icon, uuid } from './dom.js';
import { alertMe, announce, badge, banner, connection, hide, iHave } from './frame.js';
import { TEXTS } from './it.js';
import { key } from './keys.js';
import { Live } from './live.js';
import { conclude, handBack, passOn, release } from './passing.js';
import { Given } from './given.js';
import { Summary } from './summary.js';
import { Transcript, TranscriptView } from './transcript.js';

const NEAR_BOTTOM = 64;
const at = (id) => document.getElementById(id);
const HANDOVER = at('talk').dataset.handover;
const DATA = pageData();
const cards = new Cards();
const transcript = new Transcript();
const rail = new Keyed(at('rail-list'));
const scroller = at('talk-scroller');
let card = null;
let view = null;
let live = null;
let isPinned = true;
let frame = 0;
let isGone = false;
let isHistory = true; // nothing is read aloud before the page stands

const given = new Given(at('given'), HANDOVER);
const summary = new Summary(at('summary'), at('summary-why'), HANDOVER);
const composer = new Composer(at('composer'), {
  handover: HANDOVER,
  canned: DATA.canned,
  on: { reply: send, note: (text) => call('POST', `/handovers/${HANDOVER}/notes`, { text }) },
  blanks: () => ({
    agente: DESK.me.name.split(' ')[0],
    consulente: summary.known?.consultant_name,
    agenzia: summary.known?.agency_name,
  }),
});

start();

async function start() {
  try {
    const found = await call('GET', `/handovers/${HANDOVER}`);
    open(found);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return gone();
    banner('connection', { text: TEXTS.connection.lost, actions: [{ label: TEXTS.connection.retry, act: () => (hide('connection'), start()) }] });
    setTimeout(() => !card && start(), 4000);
  }
}

function open(found) {
  hide('connection');
  view = new TranscriptView(at('talk-log'), { retry, discard });
  found.changes.forEach((one) => transcript.change(one));
  found.notes.forEach((one) => transcript.note(one));
  found.deliveries.forEach((one) => transcript.delivery(one));
  found.messages.forEach((one) => transcript.message(one));
  composer.begin(found.draft);
  composer.writableUntil(found.writable_until);
  for (const [clientId, one] of unsent()) if (![...transcript.messages.values()].some(({ client_id }) => client_id === clientId)) transcript.pending.set(clientId, { ...one, status: 'failed', reason: one.reason ?? 'network' });
  setCard(found.card);
  render();
  isHistory = false;
  live = new Live(() => `/desk/api/handovers/${HANDOVER}/events?after=${transcript.lastSeq}`, {
    ...connection(() => live),
    queue: (all) => (cards.snapshot(all), draw()),
    card(one) {
      const before = cards.put(one);
      if (one.id === HANDOVER) setCard(one);
      else tell(one, before);
      draw();
    },
    gone({ id }) {
      cards.remove(id);
      if (id === HANDOVER) ended();
      draw();
    },
    message: (line) => transcript.message(line) && (hear(line), draw()),
    note: (note) => transcript.note(note) && draw(),
    change: (one) => (transcript.change(one), draw()),
    delivery: (one) => (transcript.delivery(one), draw()),
    writable: ({ until }) => composer.writableUntil(until),
    typing: ({ on }) => at('talk-log').classList.toggle('bot-types', on),
  });
  window.addEventListener('online', resend);
}

/** It left what this agent sees of the board: it is over, or it went where he may not look. */
async function ended() {
  try {
    const found = await call('GET', `/handovers/${HANDOVER}?after=${transcript.lastSeq}`);
    found.messages.forEach((one) => transcript.message(one));
    found.changes.forEach((one) => transcript.change(one));
    setCard(found.card);
    draw();
  } catch (error) {
    if (error instanceof Refused && error.status === 404) gone();
  }
}

function gone() {
  isGone = true;
  live?.close();
  at('skip-reply').remove();
  const T = TEXTS.talk;
  at('talk').replaceChildren(
    h('div', { class: 'empty-desk' }, icon('lock'), h('h1', { class: 'empty-title' }, T.gone), h('p', {}, T.goneMore), h('a', { class: 'button', href: '/desk' }, T.backToQueue)),
  );
}

// ---- what comes in -----------------------------------------------------------------------------------------------

function hear(line) {
  if (isHistory || line.author === 'agent') return;
  if (line.author === 'customer') {
    announce(`${TEXTS.talk.authors.customer}: ${line.text}`);
    if (card.mine) alertMe(TEXTS.notices.message, reasonOf(card), pathOf(HANDOVER));
  } else if (line.author === 'system') announce(`${TEXTS.talk.authors.system}: ${line.text}`);
}

function tell(one, before) {
  if (isOfferedToMe(one) && !(before && isOfferedToMe(before))) {
    announce(TEXTS.queue.newOffer(reasonOf(one)));
    alertMe(TEXTS.notices.offer, reasonOf(one), '/desk');
  } else if (one.mine && before && unread(one) > unread(before)) alertMe(TEXTS.notices.message, reasonOf(one), pathOf(one.id));
}

function setCard(next) {
  if (isGone) return;
  const before = card;
  card = next;
  at('talk-title').replaceChildren(icon(card.channel), reasonOf(card));
  at('talk-state').textContent = stateWords(card);
  const canReply = card.may.includes('reply');
  composer.enable({ reply: canReply, note: card.may.includes('note') });
  at('skip-reply').hidden = !canReply;
  at('talk').dataset.mine = String(card.mine && card.owner === 'human');
  if (before?.mine && before.owner === 'human' && !(card.mine && card.owner === 'human') && card.owner !== 'wrap_up' && card.owner !== 'ended') lost();
  else if (canReply) hideNotice();
  given.update(card);
  summary.update(card);
  actions();
}

function stateWords({ owner, mine, agent_name: name, outcome }) {
  const T = TEXTS.talk.states;
  if (owner === 'human') return mine ? T.mine : T.human(name ?? '');
  if (owner === 'offered') return mine ? T.offeredToMe : T.offered(name ?? '');
  if (owner === 'wrap_up') return T.wrap_up(mine ? TEXTS.talk.you.toLowerCase() : name ?? '');
  if (owner === 'ended') return T.ended(WORDS.outcomes[outcome] ?? outcome ?? '');
  return T[owner] ?? owner;
}

/** Somebody else has it now: say who, and keep what was typed. */
function lost() {
  const words = card.owner === 'human' ? TEXTS.talk.lostIt(card.agent_name ?? '') : TEXTS.talk.lostItToQueue;
  announce(words);
  notice(words, composer.draft);
}

function notice(words, kept) {
  const T = TEXTS.talk;
  const copied = h('span', { role: 'status' });
  at('talk-notice').hidden = false;
  at('talk-notice').replaceChildren(
    h('p', {}, icon('info'), words),
    ...(kept?.trim()
      ? [
          h('p', { class: 'hint' }, T.keptDraft),
          h('p', { class: 'kept' }, kept),
          h('button', { type: 'button', class: 'button small outline', onclick: () => navigator.clipboard?.writeText(kept).then(() => (copied.textContent = T.copied)) }, T.copy),
          copied,
        ]
      : []),
  );
}

function hideNotice() {
  at('talk-notice').hidden = true;
  at('talk-notice').replaceChildren();
}

// ---- what goes out -----------------------------------------------------------------------------------------------

function send(text) {
  const clientId = uuid();
  transcript.pending.set(clientId, { text, at: new Date().toISOString(), status: 'sending' });
  isPinned = true;
  deliver(clientId);
}

function retry(clientId) {
  deliver(clientId);
  composer.focus('reply');
}

function discard(clientId) {
  const one = transcript.pending.get(clientId);
  transcript.pending.delete(clientId);
  keepUnsent();
  if (one) composer.restore(one.text);
  draw();
  composer.focus('reply');
}

/** The same client id however often it is tried: the ledger takes it once. */
async function deliver(clientId) {
  const one = transcript.pending.get(clientId);
  if (!one) return;
  mark(clientId, 'sending');
  try {
    await call('POST', `/handovers/${HANDOVER}/replies`, { client_id: clientId, text: one.text, epoch: card.epoch });
    keepUnsent();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    mark(clientId, 'failed', error.code);
    announce(`${TEXTS.talk.notSent}: ${TEXTS.talk.whyNotSent[error.code] ?? TEXTS.talk.whyNotSent.other}`);
    if (error.code === 'stale' || error.code === 'taken') await ended();
  }
}

function mark(clientId, status, reason = null) {
  const one = transcript.pending.get(clientId);
  if (!one) return; // its event overtook the answer
  transcript.pending.set(clientId, { ...one, status, reason });
  keepUnsent();
  draw();
}

function resend() {
  for (const [clientId, { status, reason }] of transcript.pending) if (status === 'failed' && reason === 'network') deliver(clientId);
}

/** What did not go out survives a reload of this tab, under its client id. */
function keepUnsent() {
  try {
    const all = [...transcript.pending].map(([clientId, { text, at: moment, reason }]) => [clientId, { text, at: moment, reason }]);
    sessionStorage.setItem(`desk.unsent.${HANDOVER}`, JSON.stringify(all));
  } catch {
    // it lasts as long as the page
  }
}

function unsent() {
  try {
    return JSON.parse(sessionStorage.getItem(`desk.unsent.${HANDOVER}`)) ?? [];
  } catch {
    return [];
  }
}

// ---- what is shown -----------------------------------------------------------------------------------------------

function draw() {
  if (isGone) return;
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    render();
  });
}

function render() {
  if (!view || isGone) return;
  const added = view.update(transcript);
  if (isPinned) toBottom();
  else if (added.length) at('jump').hidden = false;
  if (card.mine && isPinned && !document.hidden) seenUpTo(HANDOVER, transcript.lastOfCustomer());
  const mine = cards.where(isMine);
  const offers = cards.where(isOfferedToMe);
  rail.update([
    ...offers.map((one) => ({ key: one.id, shows: shows(one), make: () => offerRow(one) })),
    ...mine.map((one) => ({ key: one.id, shows: shows(one, one.id === HANDOVER), make: () => mineRow(one, one.id === HANDOVER) })),
  ]);
  at('rail').classList.toggle('bare', !mine.length && !offers.length);
  iHave(offers.length + mine.filter(({ owner }) => owner === 'human').length);
  badge(offers.length + mine.filter((one) => unread(one) && (one.id !== HANDOVER || document.hidden)).length);
}

function offerRow(one) {
  return h(
    'li',
    { class: 'mine-row offer' },
    h('span', { class: 'mine-title' }, icon(one.channel), reasonOf(one)),
    h('button', { type: 'button', class: 'button small', 'data-focus': 'take', onclick: (event) => take(one, onTake, event.currentTarget) }, TEXTS.queue.take),
  );
}

const onTake = {
  taken: (one) => (one.id === HANDOVER ? ended() : location.assign(pathOf(one.id))),
  failed: (one, words) => {
    announce(words);
    banner('told', { text: `${reasonOf(one)}: ${words}.`, tone: 'info' });
    setTimeout(() => hide('told'), 8000);
    if (one.id === HANDOVER) ended();
  },
};

function actions() {
  const T = TEXTS.actions;
  const button = (action, act, look = 'outline') =>
    card.may.includes(action) ? h('button', { type: 'button', class: `button small ${look}`, 'data-focus': action, onclick: (event) => act(event.currentTarget) }, T[action]) : null;
  const leaving = (did) => did && location.assign('/desk');
  const place = at('talk-actions');
  const signature = JSON.stringify([card.may, card.owner]);
  if (place.dataset.shown === signature) return;
  place.dataset.shown = signature;
  const focused = place.contains(document.activeElement) && document.activeElement.dataset.focus;
  place.replaceChildren(
    ...[
      button('claim', (self) => take(card, onTake, self), ''),
      button('hand_back', async () => leaving(await handBack(HANDOVER, card, DATA)), ''),
      button('close', async () => leaving(await conclude(HANDOVER, DATA))),
      button('transfer', async () => leaving(await passOn(HANDOVER, card, summary.known?.agency_name))),
      card.owner === 'human' ? button('release', async () => leaving(await release(HANDOVER)), 'plain') : null,
      button('force_take', () => takeOver(card, onTake)),
    ].filter(Boolean),
  );
  if (focused) (place.querySelector(`[data-focus="${focused}"]`) ?? place.querySelector('button'))?.focus();
}

function toBottom() {
  scroller.scrollTop = scroller.scrollHeight;
  at('jump').hidden = true;
}

scroller.addEventListener('scroll', () => {
  isPinned = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop < NEAR_BOTTOM;
  if (isPinned) at('jump').hidden = true;
});
at('jump').addEventListener('click', () => {
  isPinned = true;
  render();
});
new ResizeObserver(() => isPinned && !isGone && toBottom()).observe(scroller);
document.addEventListener('visibilitychange', () => !document.hidden && draw());
document.addEventListener('desk:summary', () => card && summary.update(card));
whenSignedOut(() => live?.close());
setInterval(draw, 15_000);
setInterval(() => card && card.owner === 'human' && summary.load(), 60_000);

const summaryToggle = at('summary-toggle');
summaryToggle?.addEventListener('click', () => {
  const isOpen = document.body.classList.toggle('summary-open');
  summaryToggle.setAttribute('aria-expanded', String(isOpen));
});

key('r', () => composer.focus('reply'));
key('i', () => composer.focus('note'));
key('/', () => composer.openCanned());
key('n', () => {
  const next = [...cards.where(isOfferedToMe), ...cards.where(isWaiting)].find(({ may }) => may.includes('claim'));
  if (next) take(next, onTake);
  else announce(TEXTS.queue.nothingToTake);
});
