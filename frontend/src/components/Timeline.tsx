/* What has happened to a deployment so far, oldest first, growing while one watches. */
import type { TimelineEvent } from '../api';
import { formatClock, formatDate } from '../time';

function dotColour({ status, type }: TimelineEvent): string {
  if (status === 'ERROR' || type.endsWith('.failed')) return 'bg-bad';
  return status === 'READY' ? 'bg-good' : 'bg-line-strong';
}

export function Timeline({ events }: { events: TimelineEvent[] }) {
  if (events.length === 0) return <p className="text-sm text-muted">Nothing has happened yet.</p>;
  return (
    <ol aria-live="polite" aria-relevant="additions">
      {events.map((event) => (
        <li key={event.seq} className="group relative flex gap-3 pb-4 last:pb-0">
          <span
            className="absolute top-4 bottom-0 left-[3px] w-px bg-line group-last:hidden"
            aria-hidden="true"
          />
          <span
            className={`relative mt-1.5 size-[7px] shrink-0 rounded-full ${dotColour(event)}`}
            aria-hidden="true"
          />
          <div className="min-w-0 flex-1 text-sm">
            <div className="flex justify-between gap-3">
              <p className="min-w-0 break-words">{event.message || event.type}</p>
              <time
                dateTime={event.at}
                title={formatDate(event.at)}
                className="shrink-0 text-xs leading-5 text-muted tabular-nums"
              >
                {formatClock(event.at)}
              </time>
            </div>
            <p className="truncate font-mono text-xs text-faint">{event.type}</p>
          </div>
        </li>
      ))}
    </ol>
  );
}
