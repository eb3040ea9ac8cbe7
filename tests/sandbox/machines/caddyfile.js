// Reads the part of the Caddyfile language that the product's configuration uses, and answers what a Caddy would do with
// it: for which sites, with a certificate from whom, proxying where, with which headers changed. Anything it does not
// know is an error, as it is for Caddy.

const GLOBAL_OPTIONS = ['admin', 'default_sni', 'email', 'servers', 'grace_period'];
const TOKEN = /"((?:[^"\\]|\\.)*)"|`([^`]*)`|([^\s"`]\S*)/y;

function tokensOf(line, number) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < line.length;) {
    const blank = /\s+/y;
    blank.lastIndex = at;
    if (blank.test(line)) at = blank.lastIndex;
    if (at >= line.length || line[at] === '#') break;
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(line);
    if (!found) throw new Error(`Caddyfile:${number}: unterminated quote`);
    tokens.push(found[1] !== undefined ? found[1].replace(/\\"/g, '"') : found[2] ?? found[3]);
    at = TOKEN.lastIndex;
  }
  return tokens;
}

// A list of { words, block }, where block is such a list or null.
function parse(text) {
  const top = [];
  const open = [top];
  text.split('\n').forEach((line, index) => {
    const words = tokensOf(line, index + 1);
    if (words.length === 0) return;
    if (words.length === 1 && words[0] === '}') {
      open.pop();
      if (open.length === 0) throw new Error(`Caddyfile:${index + 1}: unexpected '}'`);
      return;
    }
    const opens = words.at(-1) === '{';
    const directive = { words: opens ? words.slice(0, -1) : words, block: opens ? [] : null, line: index + 1 };
    open.at(-1).push(directive);
    if (opens) open.push(directive.block);
  });
  if (open.length > 1) throw new Error('Caddyfile: a block is not closed');
  return top;
}

function readHeaderChange({ words: [, field, find, replacement], line }) {
  if (!field) throw new Error(`Caddyfile:${line}: header_down needs a field`);
  const name = field.replace(/^[-+>]/, '').toLowerCase();
  if (field.startsWith('-')) return { kind: 'remove', name };
  if (replacement === undefined) return { kind: 'set', name, value: find ?? '' };
  return { kind: 'replace', name, find: new RegExp(find, 'g'), replacement };
}

function readProxy({ words: [, upstream], block, line }, site) {
  if (!upstream) throw new Error(`Caddyfile:${line}: reverse_proxy needs an upstream`);
  site.upstream = upstream;
  for (const option of block ?? []) {
    if (option.words[0] === 'header_down') site.proxiedHeaders.push(readHeaderChange(option));
    else throw new Error(`Caddyfile:${option.line}: unrecognized subdirective ${option.words[0]}`);
  }
}

function readTls({ block }, site) {
  const issuer = block?.find(({ words }) => words[0] === 'issuer' && words[1] === 'acme');
  site.shortlived = Boolean(issuer?.block?.some(({ words }) => words[0] === 'profile' && words[1] === 'shortlived'));
}

function readHeaders({ words, block }, site) {
  const changes = block ? block.map(({ words: inner }) => inner) : [words.slice(1)];
  for (const [field, value] of changes) {
    const name = field.replace(/^[-+?>]/, '').toLowerCase();
    site.headers.push(field.startsWith('-') ? { kind: 'remove', name } : { kind: 'set', name, value: value ?? '' });
  }
}

function readSite(directives, snippets, site) {
  for (const directive of directives) {
    const [name, ...rest] = directive.words;
    if (name.startsWith('@')) {
      if (rest[0] !== 'path') throw new Error(`Caddyfile:${directive.line}: unrecognized matcher ${rest[0]}`);
      site.matchers.set(name, rest.slice(1));
    } else if (name === 'respond') {
      site.refused.push({ paths: site.matchers.get(rest[0]) ?? [], status: Number(rest[1]) });
    } else if (name === 'import') {
      if (!snippets.has(rest[0])) throw new Error(`Caddyfile:${directive.line}: File to import not found: ${rest[0]}`);
      readSite(snippets.get(rest[0]), snippets, site);
    } else if (name === 'reverse_proxy') readProxy(directive, site);
    else if (name === 'tls') readTls(directive, site);
    else if (name === 'header') readHeaders(directive, site);
    else if (name !== 'encode' && name !== 'log') {
      throw new Error(`Caddyfile:${directive.line}: unrecognized directive: ${name}`);
    }
  }
  return site;
}

const newSite = (hosts) => ({ hosts, shortlived: false, upstream: null, matchers: new Map(), refused: [], headers: [],
  proxiedHeaders: [] });

// [{ hosts, shortlived, upstream, refused, headers, proxiedHeaders }] or throws with Caddy's kind of message
export function readCaddyfile(text) {
  const snippets = new Map();
  const sites = [];
  for (const directive of parse(text)) {
    const { words, block, line } = directive;
    if (words.length === 0) {
      const unknown = block.find((option) => !GLOBAL_OPTIONS.includes(option.words[0]));
      if (unknown) throw new Error(`Caddyfile:${unknown.line}: unrecognized global option: ${unknown.words[0]}`);
    } else if (!block) {
      throw new Error(`Caddyfile:${line}: ${words[0]} is not a site with a block`);
    } else if (/^\(.+\)$/.test(words[0])) {
      snippets.set(words[0].slice(1, -1), block);
    } else {
      const hosts = words.map((word) => word.replace(/,$/, '').replace(/^https:\/\//, ''));
      sites.push(readSite(block, snippets, newSite(hosts)));
    }
  }
  return sites;
}
