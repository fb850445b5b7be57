/** Talks to the gateway: posts with a CSRF token, and one event stream that mends itself without gaps or doubles. */

/** Milliseconds; the stream sends a heartbeat every 15 s. Tests shorten these. */
export const TIMING = { silence: 40_000, request: 20_000, moved: 150, backoff: [500, 1000, 2000, 4000, 8000], jitter: 300 };

/** A refused or failed request. `code` is the gateway's, or `network` when no answer came. */
export class RequestFailed extends Error {
  constructor(status, code, { failedRules = [], retryAfter = null } = {}) {
    super(code);
    this.status = status;
    this.code = code;
    this.failedRules = failedRules;
    this.retryAfter = retryAfter;
  }
}

export class Transport {
  #handlers;
  #csrf = '';
  #source = null;
  #watchdog = 0;
  #retryTimer = 0;
  #attempt = 0;
  #closed = false;
  #connecting = false;

  /**
   * `handlers`: `session(session) → seq to read after`, `message(data)`, `state(data)`, `typing(data)`,
   * `online()`, `offline()`.
   */
  constructor(handlers) {
    this.#handlers = handlers;
    this.reconnectNow = this.reconnectNow.bind(this);
  }

  open() {
    this.#closed = false;
    window.addEventListener('online', this.reconnectNow);
    document.addEventListener('visibilitychange', this.reconnectNow);
    return this.#connect();
  }

  close() {
    this.#closed = true;
    window.removeEventListener('online', this.reconnectNow);
    document.removeEventListener('visibilitychange', this.reconnectNow);
    this.#drop();
  }

  /** Tries at once instead of waiting for the next turn; does nothing while the stream is alive. */
  reconnectNow() {
    if (this.#closed || this.#source || this.#connecting || document.hidden) return;
    clearTimeout(this.#retryTimer);
    this.#connect();
  }

  sendText(clientId, text) {
    return this.#post('/api/messages', { client_id: clientId, text });
  }

  sendChoice(clientId, choiceId) {
    return this.#post('/api/messages', { client_id: clientId, choice_id: choiceId });
  }

  sendSecret(clientId, purpose, value) {
    return this.#post('/api/secrets', { client_id: clientId, purpose, value });
  }

  /** The address of a page of its own for the secret that is due: `{url, expires_at}`. */
  secretLink() {
    return this.#post('/api/secrets/link', {});
  }

  privacyNotice() {
    return this.#request('GET', '/api/privacy-notice');
  }

  /** Closes the conversation and begins a new one. */
  async restart() {
    await this.#request('DELETE', '/api/session');
    this.#drop();
    await this.#connect();
  }

  async #connect() {
    if (this.#connecting || this.#closed) return;
    this.#connecting = true;
    try {
      const session = await this.#begin();
      if (!this.#closed) this.#listen(this.#handlers.session(session));
    } catch {
      this.#lost();
    } finally {
      this.#connecting = false;
    }
  }

  async #begin() {
    const session = await this.#request('POST', '/api/session', {});
    this.#csrf = session.csrf_token;
    return session;
  }

  #listen(after) {
    this.#drop();
    // The cursor is ours: an EventSource made anew would forget its Last-Event-ID.
    const source = new EventSource(`/api/events?after=${after}`);
    this.#source = source;
    const on = (name, handler) =>
      source.addEventListener(name, (event) => {
        this.#alive();
        if (handler) handler(JSON.parse(event.data));
      });
    on('message', this.#handlers.message);
    on('state', this.#handlers.state);
    on('typing', this.#handlers.typing);
    on('heartbeat');
    // Another cookie took this one's place, with a verification code. Its answer is about to bring it.
    source.addEventListener('moved', () => source === this.#source && this.#moved());
    source.addEventListener('open', () => {
      this.#attempt = 0;
      this.#alive();
      this.#handlers.online();
    });
    source.addEventListener('error', () => source === this.#source && this.#lost());
    this.#alive();
  }

  #alive() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#lost(), TIMING.silence);
  }

  #drop() {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#retryTimer);
    this.#source?.close();
    this.#source = null;
  }

  #moved() {
    this.#drop();
    this.#retryTimer = setTimeout(() => this.#connect(), TIMING.moved);
  }

  #lost() {
    this.#drop();
    if (this.#closed) return;
    this.#handlers.offline();
    const wait = TIMING.backoff[Math.min(this.#attempt, TIMING.backoff.length - 1)];
    this.#attempt += 1;
    this.#retryTimer = setTimeout(() => this.#connect(), wait + Math.random() * TIMING.jitter);
  }

  async #post(path, body) {
    try {
      const answer = await this.#request('POST', path, body);
      this.reconnectNow();
      return answer;
    } catch (error) {
      // 401: the session has ended; 403: the token is an old one. Begin again once, with the same client_id.
      if (error.status !== 401 && error.status !== 403) throw error;
      const after = this.#handlers.session(await this.#begin());
      if (error.status === 401) this.#listen(after);
      return this.#request('POST', path, body);
    }
  }

  async #request(method, path, body) {
    const headers = { Accept: 'application/json', 'X-CSRF-Token': this.#csrf };
    if (body) headers['Content-Type'] = 'application/json';
    let response;
    try {
      const signal = AbortSignal.timeout(TIMING.request);
      response = await fetch(path, { method, headers, signal, body: body && JSON.stringify(body), cache: 'no-store' });
    } catch {
      throw new RequestFailed(0, 'network');
    }
    const answer = response.status === 204 ? null : await response.json().catch(() => null);
    if (response.ok) return answer;
    throw new RequestFailed(response.status, answer?.code ?? 'other', {
      failedRules: answer?.failed_rules,
      retryAfter: Number(response.headers.get('Retry-After')) || null,
    });
  }
}
