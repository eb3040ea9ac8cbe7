/* What the events say about a restart or an update, about trouble, and about coming back. */
import { describe, expect, it } from 'vitest';
import { changeUnderWay, comebackOf, troubleOf } from './changes';
import { anEvent as event } from './test-data';

const at = (seq: number) => Date.parse(event(seq).at);
const underWay = (...events: ReturnType<typeof event>[]) => changeUnderWay(events, at(60));

describe('changeUnderWay', () => {
  const restart = event(5, 'deployment.restart-requested');
  const upgrade = event(5, 'deployment.upgrade-requested');
  const failed = event(6, 'progress', "The restart did not work: the service is 'failed'");

  it('is nothing when none was asked for', () => expect(underWay(event(1))).toBeNull());

  it('begins with the request', () => {
    expect(underWay(event(1), restart)).toBe('restart');
    expect(underWay(event(1), upgrade)).toBe('upgrade');
  });

  it('goes on while there is only progress', () => {
    expect(underWay(restart, event(6, 'progress', 'Restarting OpenClaw'))).toBe('restart');
    expect(underWay(upgrade, event(6, 'progress', 'Making a backup'))).toBe('upgrade');
  });

  it('ends with its success', () => {
    expect(underWay(restart, event(6, 'instance.restarted'))).toBeNull();
    expect(underWay(upgrade, event(6, 'instance.upgraded'))).toBeNull();
  });

  it('ends when it did not work, and begins anew after that', () => {
    expect(underWay(restart, failed)).toBeNull();
    expect(underWay(restart, failed, event(7, 'deployment.restart-requested'))).toBe('restart');
  });

  it.each([
    'The upgrade did not work: no room',
    'OpenClaw 2026.9.6 runs as before; the upgrade to 2026.10.1 was undone: it hung',
  ])('ends with "%s"', (message) =>
    expect(underWay(upgrade, event(6, 'progress', message))).toBeNull(),
  );

  it('does not end with what is tried again', () => {
    const message = 'Upgrading OpenClaw does not work yet: no room';
    expect(underWay(upgrade, event(6, 'progress', message))).toBe('upgrade');
  });

  it.each(['deployment.failed', 'deployment.reinstall-requested', 'deployment.destroy-requested'])(
    'ends with %s',
    (type) => expect(underWay(upgrade, event(6, type))).toBeNull(),
  );

  it('is not believed for ever', () => {
    expect(changeUnderWay([restart], at(5) + 29 * 60_000)).toBe('restart');
    expect(changeUnderWay([restart], at(5) + 31 * 60_000)).toBeNull();
    expect(changeUnderWay([upgrade], at(5) + 140 * 60_000)).toBe('upgrade');
    expect(changeUnderWay([upgrade], at(5) + 151 * 60_000)).toBeNull();
  });
});

describe('troubleOf', () => {
  const unhealthy = event(5, 'instance.unhealthy', 'OpenClaw does not answer');
  const undone = event(7, 'progress', 'The upgrade did not work: no room on the disk');

  it('is what the monitor says, until it recovers', () => {
    expect(troubleOf([unhealthy], at(6))).toBe('OpenClaw does not answer');
    expect(troubleOf([unhealthy, event(6, 'instance.recovered')], at(7))).toBeNull();
  });

  it('is a change that did not work, while that is news', () => {
    expect(troubleOf([event(4, 'instance.ready'), undone], at(8))).toBe(undone.message);
    expect(troubleOf([undone], at(7) + 16 * 60_000)).toBeNull();
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

  it('also ends an update that was undone', () => {
    const undone = event(6, 'progress', 'The upgrade did not work: it hung');
    expect(comebackOf([event(2, 'deployment.upgrade-requested'), undone])).toMatchObject({
      seq: 6,
      since: at(2),
      isAnother: false,
    });
  });
});
