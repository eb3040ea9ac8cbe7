/* What the API layer makes of good answers, refusals, nonsense and silence. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ApiError,
  approveOpenClawBrowser,
  deployOpenClaw,
  errorFrom,
  getMe,
  getOpenClawDeployment,
  getOpenClawDeployments,
  openOpenClawDeployment,
  reinstallOpenClawDeployment,
  restartOpenClawDeployment,
  upgradeOpenClawDeployment,
} from './api';

function answer(status: number, body: string, type = 'application/json', headers = {}): Response {
  const empty = status === 204 || (status === 202 && body === '');
  return new Response(empty ? null : body, {
    status,
    headers: { 'content-type': type, ...headers },
  });
}

function serverSays(response: Response | Error) {
  const fetch = vi.fn<(url: string, init: RequestInit) => Promise<Response>>(() =>
    response instanceof Error ? Promise.reject(response) : Promise.resolve(response),
  );
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

afterEach(() => vi.unstubAllGlobals());

describe('errors', () => {
  const problem = (fields: object, status = 409) =>
    answer(status, JSON.stringify(fields), 'application/problem+json');

  it('takes the detail of a problem document', async () => {
    const error = await errorFrom(problem({ title: 'Conflict', detail: 'It is not ready yet.' }));
    expect(error).toMatchObject({ status: 409, message: 'It is not ready yet.' });
  });

  it('takes the title when there is no detail', async () => {
    expect((await errorFrom(problem({ title: 'Conflict' }))).message).toBe('Conflict');
  });

  it('ignores fields of the wrong type', async () => {
    const error = await errorFrom(problem({ title: 7, detail: ['x'] }, 404));
    expect(error.message).toBe('This was not found.');
  });

  it('never shows HTML', async () => {
    const error = await errorFrom(answer(502, '<h1>Bad gateway</h1>', 'text/html'));
    expect(error.message).toContain('unexpected way (502)');
    expect(error.isTemporary).toBe(true);
  });

  it('survives a problem document that is not JSON', async () => {
    const error = await errorFrom(answer(503, '{"tit', 'application/problem+json'));
    expect(error.message).toContain('busy or starting');
  });

  it('says how long to wait when asked too often', async () => {
    const error = await errorFrom(answer(429, '', 'text/plain', { 'retry-after': '7' }));
    expect(error.message).toContain('in 7 s');
  });

  it('cuts a message that is too long', async () => {
    const error = await errorFrom(problem({ detail: 'x'.repeat(10_000) }));
    expect(error.message).toHaveLength(500);
  });

  it('explains that the server cannot be reached', async () => {
    serverSays(new TypeError('fetch failed'));
    const error = await getOpenClawDeployments().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 0, isTemporary: true });
  });

  it('treats a page in place of JSON as an error', async () => {
    serverSays(answer(200, '<!doctype html>', 'text/html'));
    await expect(getOpenClawDeployments()).rejects.toThrow('makes no sense');
  });

  it('treats JSON that is no deployment as an error', async () => {
    serverSays(answer(200, '{"hello":1}'));
    await expect(getOpenClawDeployment('x')).rejects.toThrow('makes no sense');
  });
});

describe('calls', () => {
  it('sends the idempotency key, a body and the session cookie', async () => {
    const fetch = serverSays(answer(202, '{"id":"a","status":"PENDING"}'));
    expect(await deployOpenClaw('key-1')).toMatchObject({ id: 'a' });
    const [url, init] = fetch.mock.calls[0] ?? [];
    expect(url).toBe('/api/openclaw/deploy');
    expect(init).toMatchObject({ method: 'POST', credentials: 'same-origin', body: '{}' });
    expect(init?.headers).toMatchObject({ 'Idempotency-Key': 'key-1' });
  });

  it('understands a wrapped deployment and an empty answer', async () => {
    serverSays(answer(202, '{"deployment":{"id":"b","status":"PENDING"}}'));
    expect(await deployOpenClaw('key')).toMatchObject({ id: 'b' });
    serverSays(answer(202, ''));
    expect(await restartOpenClawDeployment('b')).toBeNull();
  });

  it('does not let an id leave its place in the path', async () => {
    const fetch = serverSays(answer(202, ''));
    await restartOpenClawDeployment('../deploy?x');
    expect(fetch.mock.calls[0]?.[0]).toBe('/api/openclaw/deployments/..%2Fdeploy%3Fx/restart');
  });

  it('asks for a reinstall and an upgrade', async () => {
    const fetch = serverSays(answer(202, '{"id":"b","status":"PROVISIONING"}'));
    expect(await reinstallOpenClawDeployment('b')).toMatchObject({ status: 'PROVISIONING' });
    serverSays(answer(202, '{"id":"b","status":"READY"}'));
    expect(await upgradeOpenClawDeployment('b')).toMatchObject({ status: 'READY' });
    expect(fetch.mock.calls[0]?.[0]).toBe('/api/openclaw/deployments/b/reinstall');
  });

  it('knows that a 401 means nobody is signed in', async () => {
    serverSays(answer(401, '{"title":"Unauthorized"}', 'application/problem+json'));
    expect(await getMe()).toBeNull();
  });

  it('does not take a broken server for a missing session', async () => {
    serverSays(answer(500, ''));
    await expect(getMe()).rejects.toMatchObject({ status: 500 });
  });
});

describe('links', () => {
  const link = { url: 'https://192.0.2.7/#bootstrapToken=x', expiresAt: '2026-05-18T14:10:00Z' };

  it('come from the machine, which may take its time', async () => {
    const deadline = vi.spyOn(AbortSignal, 'timeout');
    const fetch = serverSays(answer(200, JSON.stringify(link)));
    expect(await openOpenClawDeployment('b')).toEqual({ ...link, approval: false });
    expect(fetch.mock.calls[0]?.[0]).toBe('/api/openclaw/deployments/b/open');
    expect(fetch.mock.calls[0]?.[1]).toMatchObject({ method: 'POST' });
    expect(deadline).toHaveBeenCalledWith(30_000);
    deadline.mockRestore();
  });

  it('say when the browser that uses them waits to be approved', async () => {
    serverSays(answer(200, JSON.stringify({ ...link, approval: true })));
    expect((await openOpenClawDeployment('b')).approval).toBe(true);
    const fetch = serverSays(answer(204, ''));
    await approveOpenClawBrowser('b');
    expect(fetch.mock.calls[0]?.[0]).toBe('/api/openclaw/deployments/b/open/approve');
    expect(fetch.mock.calls[0]?.[1]).toMatchObject({ method: 'POST' });
  });

  it.each([
    {},
    { ...link, url: 'http://192.0.2.7/' },
    { ...link, url: 'javascript:alert(1)' },
    { ...link, url: null },
    { ...link, expiresAt: 'soon' },
  ])('that make no sense are refused without repeating them: %j', async (body) => {
    serverSays(answer(200, JSON.stringify(body)));
    const error = await openOpenClawDeployment('b').catch((e: unknown) => e);
    expect(error).toMatchObject({ status: 0 });
    expect((error as Error).message).not.toMatch(/192|javascript/);
  });

  it('that come too late are told apart from a server that is away', async () => {
    const stopped = AbortSignal.abort();
    const deadline = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(stopped);
    serverSays(new Error('The operation timed out.'));
    await expect(openOpenClawDeployment('b')).rejects.toThrow('takes too long');
    deadline.mockRestore();
  });
});
