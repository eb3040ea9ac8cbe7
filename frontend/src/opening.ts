/*
 * Getting OpenClaw's page into its frame: a link is asked for, loaded once, and asked for anew when a
 * person wants it or when the page can not have survived what happened to its machine.
 *
 * A page that was loaded before a restart holds its token and connects again by itself; reloading it
 * would only lose what its user was writing. So a comeback makes a new link only for a page that was
 * never there, was opened into the interruption, or belongs to an OpenClaw that is no more.
 *
 * Where OpenClaw made no link of its own, its page waits to be approved once it is loaded. That is asked
 * for here, and the page connects by itself.
 */
import { useCallback, useEffect, useState } from 'react';
import { approveOpenClawBrowser, serverNow } from './api';
import type { Comeback } from './changes';
import { takeLink } from './links';

export interface Opening {
  state: 'asking' | 'loading' | 'shown' | 'failed';
  /** Counts the links: each has a frame of its own. */
  turn: number;
  /** When it was asked for, then when the link was there, then when the page was. */
  since: number;
  url: string | null;
  /** The page waits to be approved. */
  approval: boolean;
  /** Why there is no page, or why it was not approved. */
  error: Error | null;
}

const asked = (turn: number): Opening => ({
  state: 'asking',
  turn,
  since: serverNow(),
  url: null,
  approval: false,
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
  const { turn, state, approval } = opening;

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
      (link) =>
        link &&
        settle({ state: 'loading', since: serverNow(), url: link.url, approval: link.approval }),
      (error: Error) => settle({ state: 'failed', error }),
    );
    return () => {
      wanted = false;
    };
  }, [id, turn]);

  const waits = state === 'shown' && approval;
  useEffect(() => {
    if (!waits) return;
    let wanted = true;
    const settle = (error: Error | null) => {
      if (wanted) setOpening((old) => ({ ...old, approval: false, error }));
    };
    approveOpenClawBrowser(id).then(() => settle(null), settle);
    return () => {
      wanted = false;
    };
  }, [id, turn, waits]);

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
