/* Timeline events: merging what was pushed with what was polled, and reading a restart from them. */
import { describe, expect, it } from 'vitest';
import type { TimelineEvent } from './api';
import { isRestarting, mergeEvents, parseEvent, titlesOf } from './timeline';

const event = (seq: number, type = 'deployment.requested', message = ''): TimelineEvent => ({
  seq,
  at: '2026-05-18T14:00:00Z',
  type,
  stage: 'gateway',
  status: 'READY',
  message,
});

describe('mergeEvents', () => {
  it('orders by seq and keeps each once', () => {
    const merged = mergeEvents([event(1), event(3)], [event(2), event(3)]);
    expect(merged.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('keeps the newest when there are too many', () => {
    const many = Array.from({ length: 600 }, (_, index) => event(index + 1));
    const merged = mergeEvents([], many);
    expect(merged).toHaveLength(500);
    expect(merged.at(-1)?.seq).toBe(600);
  });
});

describe('parseEvent', () => {
  it('reads an event', () => expect(parseEvent(JSON.stringify(event(4)))?.seq).toBe(4));
  it.each(['', '{', 'null', '7', '{"seq":"1"}'])('drops %j', (data) =>
    expect(parseEvent(data)).toBeNull(),
  );
});

describe('isRestarting', () => {
  const asked = event(5, 'deployment.restart-requested');
  it('begins with the request', () => expect(isRestarting([event(1), asked])).toBe(true));
  it('ends with the restart', () =>
    expect(isRestarting([asked, event(6, 'instance.restarted')])).toBe(false));
  it('ends with a restart that did not work', () => {
    const failed = event(6, 'progress', "The restart did not work: the service is 'failed'");
    expect(isRestarting([asked, failed])).toBe(false);
  });
  it('begins anew after one that did not work', () => {
    const failed = event(6, 'progress', 'The restart did not work: no answer');
    const again = event(7, 'deployment.restart-requested');
    expect(isRestarting([asked, failed, again])).toBe(true);
  });
  it('goes on while there is only progress', () =>
    expect(isRestarting([asked, event(6, 'progress', 'Restarting OpenClaw')])).toBe(true));
  it('is not so when none was asked for', () => expect(isRestarting([event(1)])).toBe(false));
});

describe('titlesOf', () => {
  const creating = 'Creating your OpenRouter key';
  it('names a milestone whose message repeats the one before', () => {
    const events = [event(1, 'progress', creating), event(2, 'key.issued', creating)];
    expect(titlesOf(events)).toEqual([creating, 'Your OpenRouter key is there']);
  });
  it('keeps every other message, and never shows nothing', () => {
    const events = [
      event(1, 'key.issued', 'Done'),
      event(2, 'progress', 'x'),
      event(3, 'odd.kind'),
    ];
    expect(titlesOf(events)).toEqual(['Done', 'x', 'odd.kind']);
  });
});
