// The dashboard's files and the description of the API.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { raw, world } from './world.mjs';

describe('the dashboard and the description', () => {
  test('pages come with their policy, and addresses of the dashboard get its page', async () => {
    const home = await world.ann.request('GET', '/');
    assert.equal(home.status, 200);
    assert.match(home.headers.get('content-security-policy'), /frame-ancestors 'none'/);
    assert.equal(home.headers.get('cache-control'), 'no-cache');
    assert.equal((await world.ann.request('GET', `/openclaw/${randomUUID()}`)).body, home.body);
    const asset = /\/assets\/[^"]+\.js/.exec(home.body)[0];
    assert.match((await world.ann.request('GET', asset)).headers.get('cache-control'), /immutable/);
    assert.equal((await world.ann.request('GET', '/assets/none.js')).status, 404);
  });

  test('no path leads out of the pages', async () => {
    for (const path of ['/../../../../etc/passwd.txt', '/assets/../../package.json', '/%2e%2e/%2e%2e/package.json', '/..%2fpackage.json', '/.%00/package.json']) {
      const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      assert.match(answer, /^HTTP\/1.1 4/, path);
    }
  });

  test('the API describes itself', async () => {
    const answer = await world.stack.api().request('GET', '/api/openapi.yaml');
    assert.equal(answer.status, 200);
    assert.match(answer.body, /^openapi: 3\.1\.0$/m);
  });
});
