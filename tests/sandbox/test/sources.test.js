// Where the host's own package tools are found to get their packages from. Every address here is made up.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { aptSources, archive } from '../machines/nspawn/sources.js';

const RELEASE = 'NAME="Debian GNU/Linux"\nVERSION_CODENAME=trixie\nID=debian\n';
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sources-'));
  await mkdir(join(folder, 'sources.list.d'));
});
after(() => rm(folder, { recursive: true, force: true }));

const write = (name, text) => writeFile(join(folder, name), text);

test('apt tells of its archive in lists and in stanzas; what a vendor offers is nothing for machines', async () => {
  await write('sources.list', '# deb http://old.example/debian trixie main\ndeb [arch=amd64 signed-by=/k] http://mirror.example/debian trixie main contrib # near\n'
    + 'deb-src http://mirror.example/debian trixie main\ndeb http://vendor.example/linux trixie stable\ndeb file:/srv/debs trixie main\n');
  await write('sources.list.d/more.sources', 'Types: deb\n# a remark\nURIs: http://mirror.example/debian-security\n  http://second.example/debian-security\n'
    + 'Suites: trixie-security\nComponents: main\n\nTypes: deb deb-src\nURIs: http://mirror.example/debian\nSuites: trixie-updates trixie-backports\nComponents: main\n\n'
    + 'Types: deb\nEnabled: no\nURIs: http://off.example/debian\nSuites: trixie\nComponents: main\n');
  await write('sources.list.d/vendor.list.off', 'deb http://never.example/debian trixie main\n');
  assert.deepEqual(archive(await aptSources(folder), RELEASE), [
    { uri: 'http://mirror.example/debian', suite: 'trixie', part: '' },
    { uri: 'http://mirror.example/debian-security', suite: 'trixie-security', part: '-security' },
    { uri: 'http://second.example/debian-security', suite: 'trixie-security', part: '-security' },
    { uri: 'http://mirror.example/debian', suite: 'trixie-updates', part: '-updates' },
  ]);
});

test('a host without an archive of its own release is told so', async () => {
  assert.throws(() => archive([{ uri: 'http://mirror.example/debian', suite: 'bookworm', components: 'main' }], RELEASE), /name no Debian archive/);
  assert.throws(() => archive([{ uri: 'http://mirror.example/debian', suite: '', components: 'main' }], ''), /name no Debian archive/);
});
