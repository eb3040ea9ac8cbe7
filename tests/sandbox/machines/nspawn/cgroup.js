// A group of its own for every machine's processes, in each hierarchy systemd uses, so that nothing of a machine is left
// in the host's own groups when it is gone.

import { access, mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const HIERARCHIES = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup'];
const DEADLINE_MS = 5000;

async function removeTree(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  }
  await rmdir(folder).catch((error) => { if (error.code !== 'ENOENT') throw error; });
}

export class Cgroup {
  #name;
  #folders = [];

  // family: the sandbox's own group, swept by whoever started it
  constructor(family, name) {
    this.#name = join(family, name);
  }

  async make() {
    this.#folders = [];
    for (const hierarchy of HIERARCHIES) {
      if (await access(join(hierarchy, 'cgroup.procs')).then(() => true, () => false)) this.#folders.push(join(hierarchy, this.#name));
    }
    for (const folder of this.#folders) await mkdir(folder, { recursive: true });
  }

  // Shell words that put the shell itself into the group.
  get enter() {
    return this.#folders.map((folder) => `echo $$ >'${folder}/cgroup.procs'`).join(' && ') || ':';
  }

  // The last processes may take a moment to go.
  async remove() {
    const late = Date.now() + DEADLINE_MS;
    for (const folder of this.#folders) {
      while (await removeTree(folder).then(() => false, () => Date.now() < late)) await sleep(20);
    }
  }
}
