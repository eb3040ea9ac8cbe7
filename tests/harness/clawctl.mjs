// The operator's tool against a stack. Any exit code is an answer: {code, stdout, stderr}. `watch` gets the process.

import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { ROOT } from './stack.mjs';

const BIN_DIR = resolve(ROOT, process.env.BIN_DIR ?? 'build/bin');

export function clawctl(stack, args, { timeout = 60, watch = () => {} } = {}) {
  const env = { ...process.env, DATABASE_URL: stack.env.DATABASE_URL, KAFKA_BOOTSTRAP: stack.env.KAFKA_BOOTSTRAP, MIGRATIONS_DIR: join(ROOT, 'migrations') };
  return new Promise((done, fail) => {
    const child = execFile(join(BIN_DIR, 'clawctl'), args, { env, cwd: ROOT, timeout: timeout * 1000, killSignal: 'SIGKILL', maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') return fail(error);
      done({ code: error?.code ?? 0, stdout, stderr });
    });
    watch(child);
  });
}

/** Its output; a failure is one. */
export async function clawctlOk(stack, args, options) {
  const { code, stdout, stderr } = await clawctl(stack, args, options);
  if (code !== 0) throw new Error(`clawctl ${args.join(' ')}: exit ${code}\n${stdout}${stderr}`);
  return stdout;
}
