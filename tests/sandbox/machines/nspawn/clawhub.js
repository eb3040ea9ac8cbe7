// ClawHub as `openclaw skills install` meets it, with one skill: where its archive is, whether that was found to be clean,
// the archive, and once more what is known of it. Everything else is not there.

import { crc32 } from 'node:zlib';

const SKILL = 'agentwallet';
const VERSION = '1.0.0';
const PAGE = `---
name: ${SKILL}
description: The sandbox's stand-in of a wallet. Holds nothing.
---

# Wallet

There is no money here.
`;

// A zip archive with one file, as it is.
function zip(name, text) {
  const [file, body] = [Buffer.from(name), Buffer.from(text)];
  const about = Buffer.alloc(26); // what the local and the central header have in common
  about.writeUInt16LE(20, 0); // version that is needed
  about.writeUInt16LE(0x21, 8); // 1 January 1980
  about.writeUInt32LE(crc32(body), 10);
  about.writeUInt32LE(body.length, 14);
  about.writeUInt32LE(body.length, 18);
  about.writeUInt16LE(file.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), about, file, body]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), about, Buffer.alloc(14), file]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

const clean = { status: 'clean', passed: true };

// at: its own address, for links
const answers = (at) => ({
  [`GET /api/v1/skills/${SKILL}/install`]: () => ({ ok: true, slug: SKILL, installKind: 'archive',
    archive: { version: VERSION, downloadUrl: `${at}/api/v1/download?slug=${SKILL}&version=${VERSION}` } }),
  'POST /api/v1/skills/-/security-verdicts': ({ items = [] }) => ({ items: items.map(({ slug, version }) => ({
    ok: true, decision: 'pass', reasons: [], requestedSlug: slug, requestedVersion: version, slug, version, displayName: slug,
    publisherHandle: 'sandbox', security: clean, overview: 'Nothing was found.', securityAuditUrl: `${at}/audit/${slug}` })) }),
  'GET /api/v1/download': () => zip('SKILL.md', PAGE),
  [`GET /api/v1/skills/${SKILL}/verify`]: () => ({ schema: 'clawhub.skill-verification.v1', ok: true, decision: 'pass', reasons: [],
    slug: SKILL, version: VERSION, security: clean }),
});

async function bodyOf(request) {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part;
  return text === '' ? {} : JSON.parse(text);
}

/** Answers a request whose path, without what comes before it at `at`, is `path`. */
export async function serveClawHub(request, answer, path, at) {
  const body = await bodyOf(request);
  const found = answers(at)[`${request.method} ${path}`]?.(body);
  if (!found) answer.writeHead(404, { 'content-type': 'text/plain' }).end('Skill not found\n');
  else if (Buffer.isBuffer(found)) answer.writeHead(200, { 'content-type': 'application/zip' }).end(found);
  else answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found));
}
