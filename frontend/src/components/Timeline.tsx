/*
 * What has happened to a deployment so far, oldest first, growing while one watches. Events that
 * passed from one service to another are milestones and named; the rest is progress in between.
 */
import type { TimelineEvent } from '../api';
import { formatClock, formatDate } from '../time';
import { isMilestone, titlesOf } from '../timeline';
import { ScrollBox } from './ScrollBox';

function dotColour(event: TimelineEvent): string {
  const { status, type } = event;
  if (status === 'ERROR' || type.endsWith('failed')) return 'bg-bad';
  if (status === 'READY') return 'bg-good';
  return isMilestone(event) ? 'bg-busy' : 'bg-line-strong';
}

export function Timeline({ events }: { events: TimelineEvent[] }) {
  if (events.length === 0) return <p className="text-sm text-muted">Nothing has happened yet.</p>;
  const titles = titlesOf(events);
  return (
    <ScrollBox label="All activity" last={events.at(-1)?.seq} className="-m-1 p-1">
      <ol aria-live="polite" aria-relevant="additions">
        {events.map((event, index) => (
          <li key={event.seq} className="group relative flex gap-3 pb-2.5 last:pb-0">
            <span
              className="absolute top-4 -bottom-1 left-[3px] w-px bg-line group-last:hidden"
              aria-hidden="true"
            />
            <span
              className={`relative mt-1.5 size-[7px] shrink-0 rounded-full ${dotColour(event)}`}
              aria-hidden="true"
            />
            <div className="min-w-0 flex-1 text-sm">
              <div className="flex justify-between gap-3">
                <p className="min-w-0 break-words">{titles[index]}</p>
                <time
                  dateTime={event.at}
                  title={formatDate(event.at)}
                  className="shrink-0 text-xs leading-5 text-muted tabular-nums"
                >
                  {formatClock(event.at)}
                </time>
              </div>
              {isMilestone(event) && (
                <p className="truncate font-mono text-xs text-faint">{event.type}</p>
              )}
            </div>
          </li>
        ))}
      </ol>
    </ScrollBox>
  );
}
