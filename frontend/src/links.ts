/*
 * Links into an OpenClaw. Each opens it once, for whoever has it, for some minutes, and takes its
 * machine some seconds to make. They are held here alone, in memory, and only until they are handed
 * out or too old: never in a cache, a log, an address or a storage.
 */
import { ApiError, openOpenClawDeployment, serverNow, type OpenLink } from './api';

/** Where a link is going to be used; what was made for one place is not used up by another. */
export type Purpose = 'frame' | 'tab';

interface Held {
  coming: Promise<OpenLink>;
  link: OpenLink | null;
}

const MARGIN_MS = 60_000;
const HELD_AT_MOST = 20;
const held = new Map<string, Held>();

const keyOf = (id: string, purpose: Purpose) => `${purpose} ${id}`;
const timeLeft = ({ expiresAt }: OpenLink) => Date.parse(expiresAt) - serverNow() - MARGIN_MS;
const isFresh = (link: OpenLink) => timeLeft(link) > 0;

function drop(key: string, entry: Held): void {
  if (held.get(key) === entry) held.delete(key);
}

/** The link that is there or on its way, else a new one: never two requests for the same. */
function hold(id: string, purpose: Purpose): Held {
  const key = keyOf(id, purpose);
  const old = held.get(key);
  if (old && (!old.link || isFresh(old.link))) return old;

  const entry: Held = { coming: openOpenClawDeployment(id), link: null };
  held.delete(key);
  const [oldest] = held.keys();
  if (held.size >= HELD_AT_MOST && oldest !== undefined) held.delete(oldest);
  held.set(key, entry);
  entry.coming.then(
    (link) => {
      entry.link = link;
      setTimeout(() => drop(key, entry), Math.max(0, timeLeft(link)));
    },
    () => drop(key, entry),
  );
  return entry;
}

/** Has a link made ahead of its use. If that fails, it is tried again when the link is taken. */
export function prepareLink(id: string, purpose: Purpose): void {
  hold(id, purpose);
}

const SEEN = 'openclaw-link-made ';
const SEEN_MS = 60_000;

/**
 * The same, because the page is merely looked at: at most once a minute, so that a page that is loaded
 * again and again keeps no machine busy. Only when is kept, never the link.
 */
export function prepareLinkOnSight(id: string): void {
  try {
    const age = Date.now() - Number(sessionStorage.getItem(SEEN + id));
    if (age >= 0 && age < SEEN_MS) return;
    sessionStorage.setItem(SEEN + id, String(Date.now()));
  } catch {
    return; /* a browser that keeps nothing: whoever comes near has one made */
  }
  prepareLink(id, 'frame');
}

/**
 * Hands out a link, which nobody else gets: the prepared one if there is one that is fresh. When it
 * is no longer `wanted` by the time it comes, it stays for whoever asks next, and the answer is null.
 */
export async function takeLink(
  id: string,
  purpose: Purpose,
  wanted: () => boolean = () => true,
): Promise<OpenLink | null> {
  const key = keyOf(id, purpose);
  /* The first may be somebody else's by the time it comes; the second is new. */
  for (let tries = 0; tries < 2; tries++) {
    const entry = hold(id, purpose);
    const link = await entry.coming;
    if (!wanted()) return null;
    if (held.get(key) === entry && isFresh(link)) {
      held.delete(key);
      return link;
    }
  }
  throw new ApiError(0, 'The link into OpenClaw came too late. Please try again.');
}

/** Drops the links of one deployment, which its restart or reinstall may have made worthless, or all. */
export function forgetLinks(id?: string): void {
  for (const key of held.keys()) {
    if (id === undefined || key.endsWith(` ${id}`)) held.delete(key);
  }
}
