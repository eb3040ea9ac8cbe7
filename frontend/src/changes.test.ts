/* What the events say about trouble, and about coming back. */
import { describe, expect, it } from 'vitest';
import { comebackOf, troubleOf } from './changes';
import { anEvent as event } from './test-data';

const at = (seq: number) => Date.parse(event(seq).at);

describe('troubleOf', () => {
  const unhealthy = event(5, 'instance.unhealthy', 'OpenClaw does not answer');
  const undone = event(7, 'instance.change-failed', 'no room on the disk');

  it('is what the monitor says, until it recovers', () => {
    expect(troubleOf([unhealthy], at(6))).toBe('OpenClaw does not answer');
    expect(troubleOf([unhealthy, event(6, 'instance.recovered')], at(7))).toBeNull();
  });

  it('is a change that did not work, while that is news', () => {
    expect(troubleOf([event(4, 'instance.ready'), undone], at(8))).toBe(undone.message);
    expect(troubleOf([undone], at(7) + 16 * 60_000)).toBeNull();
  });

  it('is told by the kind of an event, not by its words', () => {
    expect(troubleOf([event(7, 'progress', 'The upgrade did not work: odd')], at(8))).toBeNull();
  });

  it('is still what the monitor says when a change that failed is no news any more', () => {
    expect(troubleOf([unhealthy, undone], at(8))).toBe(undone.message);
    expect(troubleOf([unhealthy, undone], at(7) + 16 * 60_000)).toBe(unhealthy.message);
  });
});

describe('comebackOf', () => {
  it('is nothing when it never was away', () => {
    expect(comebackOf([event(1), event(2, 'deployment.restart-requested')])).toBeNull();
  });

  it('knows when the interruption began', () => {
    const events = [event(2, 'deployment.restart-requested'), event(4, 'instance.restarted')];
    expect(comebackOf(events)).toEqual({ seq: 4, at: at(4), since: at(2), isAnother: false });
  });

  it('begins at the first sign, and ends once', () => {
    const events = [
      event(2, 'deployment.restart-requested'),
      event(3, 'instance.unhealthy'),
      event(4, 'instance.restarted'),
    ];
    expect(comebackOf(events)).toMatchObject({ seq: 4, since: at(2) });
    const seen = [...events, event(5, 'instance.recovered')];
    expect(comebackOf(seen)).toMatchObject({ seq: 5, since: Infinity });
  });

  it.each(['instance.upgraded', 'instance.ready'])('is another OpenClaw after %s', (type) => {
    expect(comebackOf([event(4, type)])).toMatchObject({ since: Infinity, isAnother: true });
  });

  it('also ends an upgrade that was undone', () => {
    const undone = event(6, 'instance.change-failed', 'it hung');
    expect(comebackOf([event(2, 'deployment.upgrade-requested'), undone])).toMatchObject({
      seq: 6,
      since: at(2),
      isAnother: false,
    });
  });
});
