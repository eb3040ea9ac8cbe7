// One HTTP client for the tests: JSON in and out, a cookie jar of one cookie, always a deadline.

export class HttpError extends Error {
  constructor(method, path, status, body) {
    const detail = typeof body === 'string' ? body.slice(0, 200) : (body?.detail ?? JSON.stringify(body));
    super(`${method} ${path}: ${status} ${detail ?? ''}`.trim());
    this.status = status;
    this.body = body;
  }
}

const parse = (text, type) => {
  if (!/\bjson\b/.test(type ?? '')) return text;
  return text === '' ? undefined : JSON.parse(text);
};

export class Http {
  constructor(base, { timeout = 10 } = {}) {
    this.base = base;
    this.timeout = timeout;
    this.cookie = undefined;
  }

  url(path) {
    return this.base + path;
  }

  /** Any status is an answer: {status, headers, body}. `json` or `body` is sent; `headers` win over ours. */
  async request(method, path, { json, body, headers = {}, timeout = this.timeout } = {}) {
    const sent = { ...(this.cookie && { cookie: this.cookie }), ...(json !== undefined && { 'content-type': 'application/json' }), ...headers };
    const answer = await fetch(this.url(path), {
      method,
      headers: sent,
      body: json !== undefined ? JSON.stringify(json) : body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout * 1000),
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: parse(text, answer.headers.get('content-type')) };
  }

  /** Only 2xx is an answer: its body. */
  async call(method, path, options) {
    const { status, body } = await this.request(method, path, options);
    if (status < 200 || status > 299) throw new HttpError(method, path, status, body);
    return body;
  }

  get(path, options) {
    return this.call('GET', path, options);
  }

  post(path, json, options) {
    return this.call('POST', path, { json, ...options });
  }

  delete(path, options) {
    return this.call('DELETE', path, options);
  }

  #keep(line) {
    const pair = line.split(';', 1)[0];
    const gone = pair.endsWith('=') || /;\s*max-age=0\b/i.test(line);
    this.cookie = gone ? undefined : pair;
  }
}
