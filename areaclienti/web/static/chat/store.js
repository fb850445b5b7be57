/** What the widget knows of the conversation: messages by seq, those still on their way, and the current state. */

const EMPTY = { step: 'idle', expects: 'text', progress: null, owner: 'bot', agent: null };

/** Holds no secret: passwords and codes go from their field to the network and nowhere else. */
export class Store {
  #bySeq = new Map();
  #pending = new Map(); // client_id → message not yet in the ledger as far as we know
  #changed;

  constructor(changed) {
    this.#changed = changed;
    this.#empty();
  }

  clear() {
    this.#empty();
    this.#changed();
  }

  #empty() {
    this.#bySeq.clear();
    this.#pending.clear();
    this.lastSeq = 0;
    this.historyUntil = 0;
    this.state = EMPTY;
    this.ready = false;
    this.online = true;
    this.typing = false;
  }

  /** Takes a session's answer; returns the seq after which to read. A shorter ledger is another conversation. */
  begin(session) {
    if (session.last_seq < this.lastSeq) this.clear();
    if (!this.ready) this.historyUntil = session.last_seq;
    this.ready = true;
    this.state = session.state ?? EMPTY;
    this.#changed();
    return this.lastSeq;
  }

  /** Adds a message of the ledger; returns false if it was known already. */
  receive(message) {
    if (this.#bySeq.has(message.seq)) return false;
    const own = message.client_id && this.#pending.get(message.client_id);
    this.#pending.delete(message.client_id);
    this.#bySeq.set(message.seq, { ...message, status: 'sent', choiceId: own?.choiceId, key: own?.key ?? `s${message.seq}` });
    this.lastSeq = Math.max(this.lastSeq, message.seq);
    if (message.author === 'bot' || message.author === 'agent' || message.kind === 'failure') this.typing = false;
    this.#changed();
    return true;
  }

  set(values) {
    Object.assign(this, values);
    this.#changed();
  }

  /** Shows a message at once, before the gateway has taken it. */
  queue(clientId, { text, choiceId = null }) {
    this.#pending.set(clientId, {
      key: clientId,
      client_id: clientId,
      author: 'customer',
      kind: choiceId ? 'choice' : 'text',
      text,
      choiceId,
      at: new Date().toISOString(),
      status: 'sending',
    });
    this.#changed();
  }

  /** `status`: `sending`, `sent` (taken by the gateway, its event is on the way) or `failed` with a reason. */
  mark(clientId, status, reason = null) {
    const message = this.#pending.get(clientId);
    if (!message) return;
    this.#pending.set(clientId, { ...message, status, reason });
    this.#changed();
  }

  forget(clientId) {
    this.#pending.delete(clientId);
    this.#changed();
  }

  pending(clientId) {
    return this.#pending.get(clientId);
  }

  failedByNetwork() {
    return [...this.#pending.values()].filter(({ status, reason }) => status === 'failed' && reason?.code === 'network');
  }

  /** Whether anyone has answered after that message; the answer may overtake the gateway's acknowledgement. */
  answeredSince(seq) {
    return [...this.#bySeq.values()].some((message) => message.seq > seq && message.author !== 'customer');
  }

  /** All messages in the ledger's order, those on their way last. */
  messages() {
    const known = [...this.#bySeq.values()].sort((a, b) => a.seq - b.seq);
    return [...known, ...this.#pending.values()];
  }

  /** The key of the message whose choices may be pressed now, or null. */
  openChoices() {
    const all = this.messages();
    const index = all.findLastIndex(({ choices }) => choices?.length);
    const { owner } = this.state;
    if (index < 0 || owner === 'human' || owner === 'closed') return null;
    // While a person is looked for, and after his last word, only what the desk itself offers may be pressed.
    if (owner !== 'bot' && all[index].author !== 'system') return null;
    const answers = all.slice(index + 1).filter(({ author, status }) => author === 'customer' && status !== 'failed');
    const answered = answers.some(({ kind }) => kind === 'choice');
    if (owner !== 'bot') return answered ? null : all[index].key;
    // A question asked beside the choices leaves them open; any other answer has closed them.
    if (answered || (answers.length && this.state.expects !== 'choice')) return null;
    return all[index].key;
  }

  /** The choice with that title, if it may be pressed now. */
  openChoice(title) {
    const key = this.openChoices();
    const message = key && this.messages().find((one) => one.key === key);
    return message?.choices.find((choice) => choice.title === title);
  }

  /** Which of the message's choices the customer took: by id when it was taken here, by its words after a reload. */
  chosen(message) {
    const all = this.messages();
    const from = all.findIndex(({ key }) => key === message.key);
    const until = all.findIndex(({ choices }, index) => index > from && choices?.length);
    const answer = all
      .slice(from + 1, until < 0 ? undefined : until)
      .find(({ author, kind, status }) => author === 'customer' && kind === 'choice' && status !== 'failed');
    if (!answer) return null;
    const hit = message.choices.find(({ id, title }) => (answer.choiceId ? id === answer.choiceId : title === answer.text));
    return hit?.id ?? null;
  }
}
