// One browser's live timeline: server-sent events of a deployment, read one by one.

import { until } from '../../harness/wait.mjs';

const PATH = '/api/openclaw/deployments';

/** Blocks of an event stream become {id, event, data}; comments and `retry` alone become nothing. */
function parse(block) {
  const fields = {};
  for (const line of block.split('\n')) {
    const at = line.indexOf(': ');
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 2);
  }
  return fields.data === undefined ? undefined : fields;
}

async function* blocks(body) {
  let text = '';
  for await (const bytes of body.pipeThrough(new TextDecoderStream())) {
    text += bytes;
    for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) yield text.slice(0, end);
  }
}

class EventStream {
  #blocks;
  #controller;

  constructor(answer, controller) {
    this.status = answer.status;
    this.#controller = controller;
    this.#blocks = blocks(answer.body);
  }

  /** The next event's data; undefined when the stream has ended. `deadline` in seconds. */
  async next({ deadline = 15 } = {}) {
    const timer = setTimeout(() => this.#controller.abort(new Error(`no event within ${deadline} s`)), deadline * 1000);
    try {
      for (;;) {
        const { value, done } = await this.#blocks.next();
        if (done) return undefined;
        const found = parse(value);
        if (!found) continue;
        const data = JSON.parse(found.data);
        if (found.event !== 'timeline' || Number(found.id) !== data.seq) throw new Error(`not an event of the timeline: ${value}`);
        return data;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  close() {
    this.#controller.abort();
  }
}

/** Asks once for the stream as `api` (its cookie), whatever the answer; `lastEventId`: go on after that event. */
export async function askStream(api, id, { lastEventId } = {}) {
  const controller = new AbortController();
  const headers = { accept: 'text/event-stream', cookie: api.cookie, ...(lastEventId && { 'last-event-id': String(lastEventId) }) };
  const answer = await fetch(api.url(`${PATH}/${id}/events`), { headers, signal: controller.signal });
  return new EventStream(answer, controller);
}

/** Opens the stream; as browsers do, asks again while others hold all there are. */
export function openStream(api, id, options) {
  const open = async () => {
    const stream = await askStream(api, id, options);
    return stream.status === 200 && stream;
  };
  return until(open, { deadline: 20, what: 'a stream is free', every: 0.5 });
}
