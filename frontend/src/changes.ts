/*
 * What a deployment's events say about a ready OpenClaw: that it is being restarted or updated, that
 * it has trouble, and when it came back. Pure functions only.
 */
import type { TimelineEvent } from './api';

export type Change = 'restart' | 'upgrade';

const MINUTE_MS = 60_000;
/* Whatever became of it then: nobody should be told for ever that it is still under way. */
const LONGEST_MS: Record<Change, number> = { upgrade: 150 * MINUTE_MS, restart: 30 * MINUTE_MS };
/* How long a change that was undone is news. */
const NEWS_MS = 15 * MINUTE_MS;

const ASKED: Record<Change, string> = {
  upgrade: 'deployment.upgrade-requested',
  restart: 'deployment.restart-requested',
};
const ENDS: Record<Change, string[]> = {
  upgrade: ['instance.upgraded'],
  restart: ['instance.restarted'],
};
const ENDS_ANY = [
  'deployment.failed',
  'deployment.reinstall-requested',
  'deployment.destroy-requested',
];
const UNDONE: Record<Change, RegExp> = {
  upgrade: /\bthe upgrade\b[^:]* (did not work|was undone)/i,
  restart: /^The restart did not work/,
};

const age = ({ at }: TimelineEvent, now: number) => now - Date.parse(at);

function isUndone({ type, message }: TimelineEvent, change?: Change): boolean {
  const texts = change ? [UNDONE[change]] : Object.values(UNDONE);
  return !type.endsWith('-requested') && texts.some((text) => text.test(message));
}

/** The change that was asked for and has not been answered by success or failure yet. */
export function changeUnderWay(events: readonly TimelineEvent[], now: number): Change | null {
  for (const change of ['upgrade', 'restart'] as const) {
    const asked = events.findLast(({ type }) => type === ASKED[change]);
    if (!asked || age(asked, now) > LONGEST_MS[change]) continue;
    const isEnd = (event: TimelineEvent) =>
      ENDS[change].includes(event.type) || ENDS_ANY.includes(event.type) || isUndone(event, change);
    if (!events.some((event) => event.seq > asked.seq && isEnd(event))) return change;
  }
  return null;
}

/** What is wrong with a ready OpenClaw at the moment, or did not work just now, in the server's words. */
export function troubleOf(events: readonly TimelineEvent[], now: number): string | null {
  const last = events.findLast((event) => event.type.startsWith('instance.') || isUndone(event));
  if (!last) return null;
  if (last.type === 'instance.unhealthy') return last.message || null;
  return isUndone(last) && age(last, now) < NEWS_MS ? last.message : null;
}

/** OpenClaw can be reached again after something had interrupted it. */
export interface Comeback {
  seq: number;
  at: number;
  /** When the interruption began; Infinity when an earlier comeback had ended it already. */
  since: number;
  /** It is another one than before, in version or altogether: its page has to be loaded again. */
  isAnother: boolean;
}

const INTERRUPTIONS = [
  'deployment.restart-requested',
  'deployment.upgrade-requested',
  'deployment.reinstall-requested',
  'instance.unhealthy',
];
const ANOTHER = ['instance.upgraded', 'instance.ready'];
const COMEBACKS = ['instance.restarted', 'instance.recovered', ...ANOTHER];

const isComeback = (event: TimelineEvent) => COMEBACKS.includes(event.type) || isUndone(event);

/** The last time OpenClaw came back; null when it never was away. */
export function comebackOf(events: readonly TimelineEvent[]): Comeback | null {
  const index = events.findLastIndex(isComeback);
  const event = events[index];
  if (!event) return null;
  const before = events.slice(0, index);
  const began = before
    .slice(before.findLastIndex(isComeback) + 1)
    .find(({ type }) => INTERRUPTIONS.includes(type));
  return {
    seq: event.seq,
    at: Date.parse(event.at),
    since: began ? Date.parse(began.at) : Infinity,
    isAnother: ANOTHER.includes(event.type),
  };
}
