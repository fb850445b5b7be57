/** Asks the simulator: JSON requests, and one event stream that comes back by itself. */

const SOON_MS = [500, 1000, 2000, 4000];

/** The answer's JSON. Throws an Error with `status` (0: no answer). */
export async function ask(method, path, body) {
  const headers = { Accept: 'application/json' };
  if (body) headers['Content-Type'] = 'application/json';
  const options = { method, headers, body: body && JSON.stringify(body), cache: 'no-store', signal: AbortSignal.timeout(15_000) };
  const response = await fetch(path, options).catch(() => null);
  if (!response?.ok) throw Object.assign(new Error('refused'), { status: response?.status ?? 0 });
  return response.status === 204 ? null : response.json();
}

/** A person's phone at the simulator: opened by number or id, followed by events. */
export class Phone {
  #handlers;
  #source = null;
  #timer = 0;
  #tries = 0;
  #closed = false;
  #inHand;
  #isInHand = new Promise((resolve) => (this.#inHand = resolve));

  /** `person`: `{mobile, name, user_id}`. `handlers`: `hello(boot)`, `entry(entry)`, `typing(on)`, `offline()`. */
  constructor(person, handlers) {
    this.person = person;
    this.#handlers = handlers;
  }

  /** Takes the phone in hand, also after a restart of the simulator, and follows its chat. */
  async open() {
    try {
      const { mobile, name, user_id: hidden } = this.person;
      const wish = mobile ? { mobile, name } : { mobile: null, name, ...(hidden ? { user_id: hidden } : {}) };
      const opened = await ask('POST', '/phones', wish);
      this.person.user_id = opened.user_id;
      this.#inHand();
      this.#follow();
    } catch {
      this.#lost();
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  /** Waits until the phone is in hand: who writes at once is not told that it failed. */
  async send(wish) {
    await this.#isInHand;
    return ask('POST', this.#path('send'), wish);
  }

  resend(wamid) {
    return ask('POST', this.#path('resend'), { wamid });
  }

  letPass(hours) {
    return ask('POST', this.#path('clock'), { hours });
  }

  seen(n) {
    return ask('POST', this.#path('seen'), { n });
  }

  #path(end) {
    return `/phones/${encodeURIComponent(this.person.user_id)}/${end}`;
  }

  #follow() {
    if (this.#closed) return;
    this.#source?.close();
    const source = new EventSource(this.#path('events'));
    this.#source = source;
    const on = (name, handler) => source.addEventListener(name, (event) => source === this.#source && handler(JSON.parse(event.data)));
    on('hello', ({ boot }) => ((this.#tries = 0), this.#handlers.hello(boot)));
    on('entry', this.#handlers.entry);
    on('typing', (data) => this.#handlers.typing(data.on));
    source.addEventListener('error', () => source === this.#source && this.#lost());
  }

  /** Opens anew instead of letting the browser reconnect: after a restart the phone must be taken in hand again. */
  #lost() {
    this.#source?.close();
    this.#source = null;
    if (this.#closed) return;
    if (this.#tries > 0) this.#handlers.offline();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), SOON_MS[Math.min(this.#tries, SOON_MS.length - 1)]);
    this.#tries += 1;
  }
}
