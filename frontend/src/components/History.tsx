/* What has happened to a deployment: its timeline as it grows, and what the setup wrote. */
import type { ReactNode } from 'react';
import type { Deployment } from '../api';
import { useSetupLog } from '../deployments';
import { isMoving } from '../steps';
import type { LiveTimeline } from '../timeline';
import { ErrorAlert } from './Alert';
import { SetupLog } from './SetupLog';
import { Timeline } from './Timeline';

interface PanelProps {
  title: string;
  note?: string | undefined;
  live?: boolean;
  children: ReactNode;
}

function Panel({ title, note, live = false, children }: PanelProps) {
  return (
    <section
      aria-label={title}
      className="min-w-0 rounded-2xl border border-line bg-surface p-5 shadow-xs sm:p-6"
    >
      <div className="mb-4 flex items-baseline justify-between gap-3">
        <h2 className="text-sm font-semibold">{title}</h2>
        {note && (
          <span className="flex items-center gap-1.5 text-xs text-muted">
            {live && <span className="size-1.5 rounded-full bg-good" aria-hidden="true" />}
            {note}
          </span>
        )}
      </div>
      {children}
    </section>
  );
}

interface HistoryProps {
  deployment: Deployment;
  timeline: LiveTimeline;
  className?: string;
}

export function History({ deployment, timeline, className = 'lg:grid-cols-2' }: HistoryProps) {
  const moving = isMoving(deployment.status);
  const log = useSetupLog(deployment.id, moving);
  const note = timeline.isLive ? 'Live' : 'Every 5 seconds';
  return (
    <div className={`grid items-start gap-4 ${className}`}>
      <Panel title="Activity" note={moving ? note : undefined} live={timeline.isLive}>
        {timeline.events.length === 0 && timeline.error ? (
          <ErrorAlert error={timeline.error} />
        ) : (
          <Timeline events={timeline.events} />
        )}
      </Panel>
      <Panel title="Setup log">
        {log.error && !log.data ? (
          <ErrorAlert error={log.error} />
        ) : (
          <SetupLog lines={log.data?.lines ?? []} />
        )}
      </Panel>
    </div>
  );
}
