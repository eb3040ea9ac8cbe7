/*
 * One OpenClaw: its web page in a frame as large as the window when it is ready, and until then
 * everything there is to know about how far it has come.
 */
import { useState, type ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import { ApiError, type Deployment } from '../api';
import { Alert, ErrorAlert } from '../components/Alert';
import { Button, buttonClass } from '../components/Button';
import { DestroyButton } from '../components/DestroyButton';
import { Frame } from '../components/Frame';
import { RestartButton } from '../components/RestartButton';
import { SetupLog } from '../components/SetupLog';
import { ShortId } from '../components/ShortId';
import { Loading } from '../components/Spinner';
import { StatusBadge } from '../components/StatusBadge';
import { StatusMessage } from '../components/StatusMessage';
import { Steps } from '../components/Steps';
import { Timeline } from '../components/Timeline';
import { useDeployment, useRestart, useRetry, useSetupLog } from '../deployments';
import { isDeploying, isMoving, messageOf, safeUrl, stepsOf } from '../steps';
import { isRestarting, useTimeline, type LiveTimeline } from '../timeline';
import { useTitle } from '../title';

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

function History({ deployment, timeline, className = 'lg:grid-cols-2' }: HistoryProps) {
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

function Progress({ deployment }: { deployment: Deployment }) {
  const retry = useRetry(deployment.id);
  const { status } = deployment;
  return (
    <section
      aria-label="Status"
      className="space-y-5 rounded-2xl border border-line bg-surface p-5 shadow-xs sm:p-6"
    >
      {(isDeploying(status) || status === 'ERROR') && <Steps steps={stepsOf(deployment)} />}
      {status === 'ERROR' ? (
        <Alert>{messageOf(deployment)}</Alert>
      ) : (
        <StatusMessage deployment={deployment} />
      )}
      <ErrorAlert title="It could not be retried" error={retry.error} />
      {status === 'ERROR' && (
        <Button look="primary" busy={retry.isPending} onClick={() => retry.mutate()}>
          Retry
        </Button>
      )}
      {status === 'DESTROYED' && (
        <Link to="/dashboard" className={buttonClass('plain')}>
          Back to the dashboard
        </Link>
      )}
    </section>
  );
}

function Header({ deployment, children }: { deployment: Deployment; children: ReactNode }) {
  return (
    <header className="flex flex-wrap items-center gap-x-4 gap-y-3">
      <div className="flex min-w-0 flex-1 basis-64 flex-wrap items-center gap-x-3 gap-y-1">
        <h1 className="min-w-0 truncate text-xl font-semibold tracking-tight">{deployment.name}</h1>
        <ShortId deployment={deployment} />
        <StatusBadge status={deployment.status} />
      </div>
      {children}
    </header>
  );
}

function Ready({ deployment, timeline }: { deployment: Deployment; timeline: LiveTimeline }) {
  const restart = useRestart(deployment.id);
  const restarting = isRestarting(timeline.events);
  const [historyShown, setHistoryShown] = useState(false);
  const url = safeUrl(deployment.url);
  return (
    <div className="flex flex-1 flex-col gap-3 px-3 py-3 sm:px-4">
      <Header deployment={deployment}>
        <div className="grid w-full grid-cols-2 gap-2 sm:flex sm:w-auto">
          {url && (
            <a href={url} target="_blank" rel="noreferrer" className={buttonClass('plain')}>
              Open in new tab
            </a>
          )}
          <Button aria-expanded={historyShown} onClick={() => setHistoryShown(!historyShown)}>
            Activity
          </Button>
          <RestartButton restart={restart} restarting={restarting} />
          <DestroyButton deployment={deployment} />
        </div>
      </Header>
      <p role="status" className="text-sm text-muted empty:hidden">
        {restarting && 'OpenClaw is restarting. It will be back in a moment.'}
      </p>
      <ErrorAlert title="OpenClaw was not restarted" error={restart.error} />
      <div className="flex flex-1 flex-col gap-3 lg:flex-row">
        {historyShown && (
          <aside aria-label="History" className="relative lg:order-last lg:w-96 lg:shrink-0">
            {/* Beside the frame it scrolls by itself: the frame keeps its size. */}
            <div className="lg:absolute lg:inset-0 lg:overflow-y-auto">
              <History deployment={deployment} timeline={timeline} className="" />
            </div>
          </aside>
        )}
        {url ? (
          <Frame url={url} />
        ) : (
          <div className="flex-1">
            <Alert>This OpenClaw has no address that can be opened. Try to restart it.</Alert>
          </div>
        )}
      </div>
    </div>
  );
}

function Page({ deployment }: { deployment: Deployment }) {
  const destroyed = deployment.status === 'DESTROYED';
  const timeline = useTimeline(deployment.id, !destroyed);
  useTitle(deployment.name);

  if (deployment.status === 'READY') return <Ready deployment={deployment} timeline={timeline} />;
  return (
    <div className="mx-auto w-full max-w-5xl space-y-4 px-4 py-6 sm:px-6 sm:py-8">
      <Header deployment={deployment}>
        {!destroyed && deployment.status !== 'DESTROYING' && (
          <DestroyButton deployment={deployment} />
        )}
      </Header>
      <Progress deployment={deployment} />
      <History deployment={deployment} timeline={timeline} />
    </div>
  );
}

function Missing() {
  useTitle('Not found');
  return (
    <div className="m-auto px-4 py-16 text-center">
      <h1 className="text-2xl font-semibold tracking-tight">No such OpenClaw</h1>
      <p className="mt-2 text-muted">It does not exist, or it belongs to another account.</p>
      <Link to="/dashboard" className={buttonClass('primary', 'mt-6')}>
        Go to the dashboard
      </Link>
    </div>
  );
}

export function OpenClawDetail() {
  const { id = '' } = useParams();
  const { data, error, isFetching, refetch } = useDeployment(id);

  if (error instanceof ApiError && [400, 404].includes(error.status)) return <Missing />;
  if (data) return <Page key={id} deployment={data} />;
  if (!error) return <Loading />;
  return (
    <div className="mx-auto w-full max-w-md space-y-4 px-4 py-16">
      <ErrorAlert title="This OpenClaw cannot be shown" error={error} />
      <Button busy={isFetching} onClick={() => void refetch()}>
        Try again
      </Button>
    </div>
  );
}
