// Reads the shell assignments of a run's demo.env.

import { readFileSync } from 'node:fs';

const unquote = (value) => (value.startsWith("'") ? value.slice(1, -1).replaceAll("'\\''", "'") : value);

export function readEnv(path) {
  const env = {};
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) env[line.slice(0, at)] = unquote(line.slice(at + 1));
  }
  return env;
}
