/** One event stream that mends itself: its own cursor, a watchdog for silence, and a fresh start after sleep. */

import { signedOut } from './api.js';

/** Milliseconds; the stream sends a heartbeat every 15 s, and a line that is back is used within 2 s. Tests shorten these. */
export const TIMING = { silence: 40_000, backoff: [300, 700, 1000, 1300], jitter: 300 };

export class Live {
  #address;
  #handlers;
  #source = null;
  #watchdog = 0;
  #timer = 0;
  #attempt = 0;
  #closed = false;
  #heardAt = Date.now();

  /**
   * `address()` is asked at each connection, so that the cursor is the page's own. `handlers`: by event name, and
   * `online()`, `offline()`.
   */
  constructor(address, handlers) {
    this.#address = address;
    this.#handlers = handlers;
    const wake = () => this.#wake();
    window.addEventListener('online', wake);
    window.addEventListener('pageshow', wake);
    window.addEventListener('focus', wake);
    document.addEventListener('visibilitychange', wake);
    window.addEventListener('pagehide', () => this.#drop());
    this.#connect();
  }

  /** Tries at once instead of waiting for the next turn. */
  retryNow() {
    if (!this.#closed) this.#connect();
  }

  close() {
    this.#closed = true;
    this.#drop();
  }

  /** A tab that slept finds out at once whether its line is still alive: timers stood still as well. */
  #wake() {
    if (this.#closed || document.hidden) return;
    const isSilent = Date.now() - this.#heardAt > TIMING.silence;
    if (!this.#source || isSilent) this.#connect();
  }

  #connect() {
    this.#drop();
    const source = new EventSource(this.#address());
    this.#source = source;
    source.addEventListener('open', () => {
      this.#attempt = 0;
      this.#alive();
      this.#handlers.online?.();
    });
    source.addEventListener('error', () => source === this.#source && this.#lost());
    source.addEventListener('signed_out', () => {
      this.close();
      signedOut();
    });
    for (const name of Object.keys(this.#handlers)) {
      if (name === 'online' || name === 'offline') continue;
      source.addEventListener(name, (event) => {
        if (source !== this.#source) return;
        this.#alive();
        this.#handlers[name](JSON.parse(event.data));
      });
    }
    if (!this.#handlers.heartbeat) source.addEventListener('heartbeat', () => this.#alive());
    this.#alive();
  }

  #alive() {
    this.#heardAt = Date.now();
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#lost(), TIMING.silence);
  }

  #drop() {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #lost() {
    this.#drop();
    if (this.#closed) return;
    this.#handlers.offline?.();
    const wait = TIMING.backoff[Math.min(this.#attempt, TIMING.backoff.length - 1)];
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#connect(), wait + Math.random() * TIMING.jitter);
  }
}
