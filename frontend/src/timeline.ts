/*
 * The live timeline of one deployment. Events are pushed over SSE while the tab is visible (a browser
 * allows only a few connections per server, so hidden tabs let go of theirs); whenever the stream is
 * not there, the same list is polled instead.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { getTimeline, openTimeline, type TimelineEvent } from './api';
import { refreshDeployment } from './deployments';

const POLL_MS = 5_000;
const REOPEN_MS = 30_000;
const EVENTS_KEPT = 500;

/** Both lists as one: ordered by seq, each event once, the newest kept. */
export function mergeEvents(
  known: readonly TimelineEvent[],
  more: readonly TimelineEvent[],
): TimelineEvent[] {
  const bySeq = new Map([...known, ...more].map((event) => [event.seq, event]));
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq).slice(-EVENTS_KEPT);
}

/** Reads the data of one SSE message; null when it is not an event. */
export function parseEvent(data: string): TimelineEvent | null {
  try {
    const event: unknown = JSON.parse(data);
    if (typeof event !== 'object' || event === null) return null;
    return typeof (event as TimelineEvent).seq === 'number' ? (event as TimelineEvent) : null;
  } catch {
    return null;
  }
}

/** Something one service told the others, not just a sign of life on the way there. */
export function isMilestone({ type }: TimelineEvent): boolean {
  return type !== 'progress';
}

const milestones: Record<string, string> = {
  'deployment.restart-requested': 'A restart was asked for',
  'deployment.reinstall-requested': 'Installing anew was asked for',
  'deployment.upgrade-requested': 'An upgrade was asked for',
  'key.issued': 'Your OpenRouter key is there',
  'key.revoked': 'The OpenRouter key is revoked',
  'server.ordered': 'The server is ordered',
  'server.ready': 'The server is there',
  'server.released': 'The server is released',
  'instance.restarted': 'OpenClaw was restarted',
  'instance.upgraded': 'OpenClaw was upgraded',
};

/** One line for each event: its message, unless that only repeats the one before. */
export function titlesOf(events: readonly TimelineEvent[]): string[] {
  return events.map(({ type, message }, index) => {
    const repeats = message === '' || message === events[index - 1]?.message;
    return (repeats ? milestones[type] : undefined) ?? (message || type);
  });
}

function usePageVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const update = () => setVisible(!document.hidden);
    document.addEventListener('visibilitychange', update);
    return () => document.removeEventListener('visibilitychange', update);
  }, []);
  return visible;
}

export interface LiveTimeline {
  events: TimelineEvent[];
  isLive: boolean;
  error: Error | null;
}

export function useTimeline(id: string, enabled: boolean): LiveTimeline {
  const client = useQueryClient();
  const visible = usePageVisible();
  const [isLive, setLive] = useState(false);

  const query = useQuery({
    queryKey: ['timeline', id],
    queryFn: async ({ signal }) => {
      const events = await getTimeline(id, signal);
      const known = client.getQueryData<TimelineEvent[]>(['timeline', id]) ?? [];
      return mergeEvents(known, events);
    },
    refetchInterval: enabled && !isLive ? POLL_MS : false,
  });

  useEffect(() => {
    if (!enabled || !visible) return;
    let source: EventSource | null = null;
    let reopen: ReturnType<typeof setTimeout> | undefined;

    const receive = ({ data }: MessageEvent<string>) => {
      const event = parseEvent(data);
      if (!event) return;
      client.setQueryData<TimelineEvent[]>(['timeline', id], (old) =>
        mergeEvents(old ?? [], [event]),
      );
      refreshDeployment(client, id);
    };
    const open = () => {
      source = openTimeline(id);
      source.onopen = () => setLive(true);
      source.addEventListener('timeline', receive);
      /* The browser reconnects by itself unless it was refused outright; then we try, later. */
      source.onerror = () => {
        setLive(false);
        if (source?.readyState === EventSource.CLOSED) reopen = setTimeout(open, REOPEN_MS);
      };
    };
    open();
    return () => {
      clearTimeout(reopen);
      source?.close();
      setLive(false);
    };
  }, [client, id, enabled, visible]);

  return { events: query.data ?? [], isLive, error: query.error };
}
