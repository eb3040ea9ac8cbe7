// Listening on an address of a machine, whose previous life may still be letting go of it.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const ADDRESS_DEADLINE_MS = 5000;

export async function listen(server, port, host) {
  const deadline = Date.now() + ADDRESS_DEADLINE_MS;
  for (;;) {
    try {
      server.listen({ port, host });
      await once(server, 'listening');
      return;
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || Date.now() > deadline) throw error;
      await sleep(5);
    }
  }
}
