/* Timeline events: merging what was pushed with what was polled and naming them. */
import { describe, expect, it } from 'vitest';
import { anEvent as event } from './test-data';
import { mergeEvents, parseEvent, titlesOf } from './timeline';

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

describe('titlesOf', () => {
  const creating = 'Creating your OpenRouter key';
  it('names a milestone whose message repeats the one before', () => {
    const events = [event(1, 'progress', creating), event(2, 'key.issued', creating)];
    expect(titlesOf(events)).toEqual([creating, 'Your OpenRouter key is there']);
  });
  it.each([
    ['deployment.reinstall-requested', 'Installing anew was asked for'],
    ['deployment.upgrade-requested', 'An upgrade was asked for'],
    ['instance.upgraded', 'OpenClaw was upgraded'],
  ])('has words for %s when it comes without any', (type, title) => {
    expect(titlesOf([event(1, type)])).toEqual([title]);
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
