/*
 * What a deployment's events say about a ready OpenClaw: that it has trouble, and when it came back.
 * Pure functions only.
 */
import type { TimelineEvent } from './api';

/* How long a change that failed is news. */
const NEWS_MS = 15 * 60_000;
/* A restart or an upgrade that did not work: OpenClaw is as it was, and the message says why. */
const FAILED = 'instance.change-failed';

/** What is wrong with a ready OpenClaw at the moment, or did not work just now, in the server's words. */
export function troubleOf(events: readonly TimelineEvent[], now: number): string | null {
  const told = events.filter(({ type }) => type.startsWith('instance.'));
  const last = told.at(-1);
  if (last?.type === FAILED && now - Date.parse(last.at) < NEWS_MS) return last.message || null;
  const state = told.findLast(({ type }) => type !== FAILED);
  return (state?.type === 'instance.unhealthy' && state.message) || null;
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
const COMEBACKS = ['instance.restarted', 'instance.recovered', FAILED, ...ANOTHER];

const isComeback = ({ type }: TimelineEvent) => COMEBACKS.includes(type);

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
