// The services' "move" log lines, by deployment and in order of time.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export function movesOf(runDir) {
  const byDeployment = new Map();
  for (const file of readdirSync(join(runDir, 'log'))) {
    for (const line of readFileSync(join(runDir, 'log', file), 'utf8').split('\n')) {
      if (!line.includes('"msg":"move"')) continue;
      const move = JSON.parse(line);
      if (!byDeployment.has(move.deployment_id)) byDeployment.set(move.deployment_id, []);
      byDeployment.get(move.deployment_id).push(move);
    }
  }
  for (const moves of byDeployment.values()) moves.sort((a, b) => a.started_us - b.started_us);
  return byDeployment;
}

/** What of click → READY (microseconds since 1970 in, milliseconds out) was ours. */
export function ownTime({ clicked, ready }, moves) {
  const upTo = moves.filter((m) => m.started_us < ready);
  const sum = { acting: 0, waiting: 0, settling: 0, late: 0 };
  upTo.forEach((move, i) => {
    sum.acting += move.ended_us - move.started_us;
    const next = upTo[i + 1];
    if (move.outcome === 'ok' || !next) {
      sum.settling += move.settled_us - move.ended_us;
    } else {
      // A pause is asked for; coming back late from it is ours.
      sum.waiting += Math.max(0, next.started_us - move.ended_us - next.lag_us);
      sum.late += next.lag_us;
    }
  });
  const total = ready - clicked;
  const ms = Object.fromEntries(Object.entries(sum).map(([name, us]) => [name, us / 1000]));
  return { ...ms, first: (upTo[0].started_us - clicked) / 1000, total: total / 1000, own: total / 1000 - ms.acting - ms.waiting, moves: upTo.length };
}

export function handOffs(moves) {
  const hops = [];
  moves.forEach((move, i) => {
    const next = moves[i + 1];
    if (move.outcome === 'ok' && next && next.started_us >= move.settled_us && move.state !== 'ready')
      hops.push({ within: move.service === next.service, ms: (next.started_us - move.settled_us) / 1000 });
  });
  return hops;
}
