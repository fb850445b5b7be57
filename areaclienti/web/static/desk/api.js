/** The desk's JSON API. */

export const TIMING = { request: 20_000 };

/** A refused or failed request: `code` is the gateway's, or `network` when no answer came; `answer` is its body. */
export class Refused extends Error {
  constructor(status, code, answer = {}) {
    super(code);
    this.status = status;
    this.code = code;
    this.answer = answer;
  }
}

const onSignedOut = new Set();

/** Calls `handler` whenever a request or a stream finds that the session has ended. */
export function whenSignedOut(handler) {
  onSignedOut.add(handler);
}

export function signedOut() {
  onSignedOut.forEach((handler) => handler());
}

/** Asks, and returns the answer's body (null for an empty one). Throws `Refused`. */
export async function call(method, path, body, { keepalive = false } = {}) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(`/desk/api${path}`, {
      method,
      headers,
      keepalive,
      cache: 'no-store',
      signal: keepalive ? undefined : AbortSignal.timeout(TIMING.request),
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused(0, 'network');
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return answer;
  if (response.status === 401) signedOut();
  throw new Refused(response.status, answer?.code ?? 'other', answer ?? {});
}
