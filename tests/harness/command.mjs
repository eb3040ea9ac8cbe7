// Runs a program with a deadline and gives its output; a failure tells what the program said. `begun` is told its pid.

import { execFile } from 'node:child_process';

export function run(file, args, { env = process.env, cwd, timeout = 60, input, begun = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const options = { env, cwd, timeout: timeout * 1000, killSignal: 'SIGKILL', maxBuffer: 64 << 20 };
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      if (!error) return resolve({ stdout, stderr });
      const why = error.killed ? `took longer than ${timeout} s` : `exit ${error.code ?? error.signal}`;
      reject(Object.assign(new Error(`${file} ${args.join(' ')}: ${why}\n${stdout}${stderr}`), { stdout, stderr }));
    });
    if (child.pid) begun(child.pid);
    child.stdin.on('error', () => {}); // a program may end without reading
    child.stdin.end(input);
  });
}
