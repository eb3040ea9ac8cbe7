// The published description of the API names exactly the routes that the gateway has.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../harness/stack.mjs';

const DOCUMENT = join(ROOT, 'proto/openapi.yaml');
const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'];

/** "METHOD /path" of every operation: the two levels of indentation under `paths:`. */
function described(text) {
  const found = [];
  let inPaths = false;
  let path;
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) inPaths = line.startsWith('paths:');
    if (!inPaths) continue;
    path = /^ {2}(\/\S*):\s*$/.exec(line)?.[1] ?? path;
    const method = /^ {4}(\w+):\s*$/.exec(line)?.[1];
    if (METHODS.includes(method)) found.push(`${method.toUpperCase()} ${path}`);
  }
  return found.sort();
}

function served() {
  const gateway = join(process.env.BIN_DIR ?? join(ROOT, 'build/bin'), 'api-gateway');
  const lines = execFileSync(gateway, ['--routes'], { encoding: 'utf8', timeout: 10000 }).trim().split('\n');
  return lines.map((line) => line.replaceAll(/:(\w+)/g, '{$1}')).sort();
}

test('the description names every route of the gateway and no other', () => {
  assert.deepEqual(described(readFileSync(DOCUMENT, 'utf8')), served());
});

test('every reference in the description leads somewhere', () => {
  const text = readFileSync(DOCUMENT, 'utf8');
  for (const [, kind, name] of text.matchAll(/'#\/components\/(\w+)\/(\w+)'/g)) {
    const section = new RegExp(`\\n  ${kind}:\\n((?: {4}.*\\n|\\n)*)`).exec(text)?.[1] ?? '';
    assert.match(section, new RegExp(`(^|\\n) {4}${name}:`), `#/components/${kind}/${name}`);
  }
});
