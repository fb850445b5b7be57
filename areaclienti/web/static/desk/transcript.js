/** The conversation on screen: lines, notes and changes of hands in their order, told apart by shape and words. */

import { day, full, time } from './clock.js';
import { DESK, WORDS } from './data.js';
import { Keyed, h, icon } from './dom.js';
import { TEXTS } from './it.js';

const FAILED = ['failed', 'dropped'];

/** What is known of the conversation. Lines by seq, notes and changes by id: what comes twice is there once. */
export class Transcript {
  messages = new Map();
  notes = new Map();
  changes = new Map();
  deliveries = new Map();
  pending = new Map(); // client_id → {text, at, status, reason}
  lastSeq = 0;

  /** Takes one line; false when it was known. */
  message(line) {
    if (this.messages.has(line.seq)) return false;
    this.messages.set(line.seq, line);
    this.lastSeq = Math.max(this.lastSeq, line.seq);
    if (line.client_id) this.pending.delete(line.client_id);
    return true;
  }

  note(note) {
    const isNew = !this.notes.has(note.id);
    this.notes.set(note.id, note);
    return isNew;
  }

  change(change) {
    this.changes.set(change.id, change);
  }

  delivery(one) {
    this.deliveries.set(one.seq, one);
  }

  /** The seq of the customer's newest line. */
  lastOfCustomer() {
    return Math.max(0, ...[...this.messages.values()].filter(({ author }) => author === 'customer').map(({ seq }) => seq));
  }

  /** Everything in order: lines by seq, the others between them by their time, what is on its way last. */
  items() {
    const lines = [...this.messages.values()].sort((a, b) => a.seq - b.seq);
    const beside = [
      ...[...this.changes.values()].map((one) => ({ kind: 'change', key: `c${one.id}`, at: one.at, one })),
      ...[...this.notes.values()].map((one) => ({ kind: 'note', key: `n${one.id}`, at: one.at, one })),
    ].sort((a, b) => a.at.localeCompare(b.at) || a.key.localeCompare(b.key, undefined, { numeric: true }));
    const items = [];
    let by = null; // the agent who has it
    const push = (item) => {
      if (item.kind === 'change') by = item.one.to === 'human' ? item.one.agent ?? item.one.who : item.one.to === 'wrap_up' ? by : null;
      items.push(item);
    };
    for (const line of lines) {
      while (beside.length && beside[0].at <= line.at) push(beside.shift());
      push({ kind: 'line', key: `m${line.client_id ?? line.seq}`, at: line.at, one: line, by });
    }
    beside.forEach(push);
    for (const [clientId, one] of this.pending) items.push({ kind: 'pending', key: `m${clientId}`, at: one.at, one: { ...one, clientId } });
    return items;
  }
}

/** Draws a transcript into the log. `actions`: `retry(clientId)`, `discard(clientId)`. */
export class TranscriptView {
  #list;
  #actions;

  constructor(log, actions) {
    log.replaceChildren();
    log.removeAttribute('aria-busy');
    this.#list = new Keyed(log);
    this.#actions = actions;
  }

  /** Returns the keys of what is new. */
  update(transcript) {
    const wanted = [];
    let before = null;
    for (const item of transcript.items()) {
      const today = day(item.at);
      if (today !== before) wanted.push({ key: `d${item.at.slice(0, 10)}`, shows: today, make: () => h('p', { class: 'day' }, h('span', {}, today)) });
      before = today;
      const delivery = item.kind === 'line' ? transcript.deliveries.get(item.one.seq) : null;
      wanted.push({ key: item.key, shows: [item.kind, item.one, item.by, delivery], make: () => this.#make(item, delivery) });
    }
    return this.#list.update(wanted);
  }

  node(key) {
    return this.#list.node(key);
  }

  #make(item, delivery) {
    if (item.kind === 'change') return changeLine(item.one);
    if (item.kind === 'note') return noteLine(item.one);
    if (item.kind === 'pending') return this.#pending(item.one);
    return messageLine(item.one, item.by, delivery);
  }

  #pending({ text, at, status, reason, clientId }) {
    const failed = status === 'failed';
    return h(
      'article',
      { class: `line agent mine ${failed ? 'not-sent' : 'sending'}` },
      head(TEXTS.talk.you, at, 'person'),
      h('p', { class: 'words' }, text),
      failed
        ? h(
            'p',
            { class: 'delivery failed' },
            icon('warning'),
            `${TEXTS.talk.notSent}: ${TEXTS.talk.whyNotSent[reason] ?? TEXTS.talk.whyNotSent.other}. `,
            h('button', { type: 'button', class: 'link', 'data-focus': 'retry', onclick: () => this.#actions.retry(clientId) }, TEXTS.talk.retry),
            h('button', { type: 'button', class: 'link', 'data-focus': 'discard', onclick: () => this.#actions.discard(clientId) }, TEXTS.talk.discard),
          )
        : h('p', { class: 'delivery' }, TEXTS.talk.sending),
    );
  }
}

function head(author, at, drawing) {
  return h(
    'header',
    { class: 'line-head' },
    icon(drawing),
    h('span', { class: 'author' }, author),
    h('time', { datetime: at, title: full(at) }, time(at)),
  );
}

function messageLine(line, by, delivery) {
  if (line.author === 'system' || line.kind === 'notice' || line.kind === 'failure') {
    return h(
      'article',
      { class: 'line system' },
      head(TEXTS.talk.authors.system, line.at, 'info'),
      h('p', { class: 'words' }, line.text),
      line.choices.length ? offered(line.choices) : null,
    );
  }
  const isMine = line.author === 'agent' && by === DESK.me.name;
  const author = line.author === 'agent' ? (isMine ? TEXTS.talk.you : by ?? TEXTS.talk.authors.agent) : TEXTS.talk.authors[line.author];
  return h(
    'article',
    { class: `line ${line.author} ${isMine ? 'mine' : ''} ${line.kind}` },
    head(author, line.at, line.author === 'bot' ? 'bot' : 'person'),
    h('p', { class: 'words' }, line.kind === 'secret' ? [icon('lock'), line.text || TEXTS.talk.secret] : line.text),
    line.choices.length ? offered(line.choices) : null,
    delivery ? deliveryLine(delivery) : null,
  );
}

function offered(titles) {
  return h('p', { class: 'choices-offered' }, h('span', {}, `${TEXTS.talk.offered}:`), ' ', h('span', { class: 'titles' }, titles.map((title) => h('span', {}, title))));
}

function deliveryLine({ state, error_code: code }) {
  const failed = FAILED.includes(state);
  const why = failed && WORDS.delivery_faults[code];
  const drawing = failed ? 'warning' : state === 'pending' ? 'clock' : state === 'sent' ? 'check' : 'double';
  return h('p', { class: `delivery ${state} ${failed ? 'failed' : ''}` }, icon(drawing), `${WORDS.deliveries[state] ?? state}${why ? `: ${why}` : ''}`);
}

function changeLine(change) {
  const words = change.reason === 'transferred' && change.agent && change.to === 'offered' ? WORDS.changes.transferred_to : WORDS.changes[change.reason];
  const text = (words ?? WORDS.changes.other).replace('{who}', change.who ?? '').replace('{agent}', change.agent ?? '');
  return h('p', { class: 'change' }, h('span', {}, icon('hand'), text, ' ', h('time', { datetime: change.at, title: full(change.at) }, time(change.at))));
}

function noteLine(note) {
  return h(
    'article',
    { class: 'line note' },
    h(
      'header',
      { class: 'line-head' },
      icon('note'),
      h('span', { class: 'author' }, `${TEXTS.talk.note} · ${note.agent_name ?? ''}`),
      h('span', { class: 'hint' }, `(${TEXTS.talk.noteHint})`),
      h('time', { datetime: note.at, title: full(note.at) }, time(note.at)),
    ),
    h('p', { class: 'words' }, note.text),
  );
}
