/*
 * Getting OpenClaw's page into its frame: a link is asked for, loaded once, and asked for anew when a
 * person wants it or when the page can not have survived what happened to its machine.
 *
 * A page that was loaded before a restart holds its token and connects again by itself; reloading it
 * would only lose what its user was writing. So a comeback makes a new link only for a page that was
 * never there, was opened into the interruption, or belongs to an OpenClaw that is no more.
 */
import { useCallback, useEffect, useState } from 'react';
import { serverNow } from './api';
import type { Comeback } from './changes';
import { takeLink } from './links';

export interface Opening {
  state: 'asking' | 'loading' | 'shown' | 'failed';
  /** Counts the links: each has a frame of its own. */
  turn: number;
  /** When it was asked for, then when the link was there, then when the page was. */
  since: number;
  url: string | null;
  error: Error | null;
}

const asked = (turn: number): Opening => ({
  state: 'asking',
  turn,
  since: serverNow(),
  url: null,
  error: null,
});

export function mustReopen({ state, since }: Opening, comeback: Comeback): boolean {
  if (comeback.at <= since || state === 'asking') return false;
  if (state === 'failed' || comeback.isAnother) return true;
  return state === 'shown' ? since > comeback.since : comeback.since < Infinity;
}

export function useOpening(id: string, comeback: Comeback | null) {
  const [opening, setOpening] = useState(() => asked(0));
  const [answered, setAnswered] = useState<number | null>(null);
  const { turn, state } = opening;

  /* While a link is asked for, a comeback waits: if asking fails, it is the reason to ask again. */
  if (comeback && comeback.seq !== answered && state !== 'asking') {
    setAnswered(comeback.seq);
    if (mustReopen(opening, comeback)) setOpening(asked(turn + 1));
  }

  useEffect(() => {
    let wanted = true;
    const settle = (change: Partial<Opening>) => {
      if (wanted) setOpening((old) => ({ ...old, ...change }));
    };
    takeLink(id, 'frame', () => wanted).then(
      (url) => settle({ state: 'loading', since: serverNow(), url }),
      (error: Error) => settle({ state: 'failed', error }),
    );
    return () => {
      wanted = false;
    };
  }, [id, turn]);

  const reopen = useCallback(
    () => setOpening((old) => (old.state === 'asking' ? old : asked(old.turn + 1))),
    [],
  );
  const loaded = useCallback(
    () =>
      setOpening((old) =>
        old.state === 'loading' ? { ...old, state: 'shown', since: serverNow() } : old,
      ),
    [],
  );
  return { opening, reopen, loaded };
}
