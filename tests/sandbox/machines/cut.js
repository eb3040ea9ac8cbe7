// Cutting a run of the setup script off, as a kill -9 does, at a tool it calls: what the tests of interruptions share.

import assert from 'node:assert/strict';

// on(line, input): runs it on the machine, and fails with it

/** TOOL is BODY, a shell script, when its words are like these, once; and else what it always is. */
export function replaceOnce(on, tool, words, body) {
  return on(`sudo -n sh -c 'mkdir -p /tmp/armed && cat >/usr/local/bin/${tool} && chmod 755 /usr/local/bin/${tool}'`, `#!/bin/sh
case "$*" in
${words}) ! rmdir /tmp/armed 2>/dev/null || {
${body}
} ;;
esac
exec /usr/bin/${tool} "$@"
`);
}

/** The first TOOL called with words like these ends the run; with `late` once it has done its work. */
export const cutAt = (on, tool, words, late) => replaceOnce(on, tool, words, `${late ? `/usr/bin/${tool} "$@"` : ''}
pkill -9 -f '[s]etup.sh run'
exit 137`);

export async function restored(on, tool) {
  await on(`sudo -n rm /usr/local/bin/${tool}`);
  assert.equal(await on('ls -d /tmp/armed 2>/dev/null || true'), '', 'it was called like that');
}
