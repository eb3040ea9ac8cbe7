/* One deployment on the dashboard, in whichever state it is, with what can be done about it. */
import { useCallback, useEffect, useId, useRef, type ReactNode } from 'react';
import { Link } from 'react-router';
import type { Deployment } from '../api';
import { useRestart, useRetry } from '../deployments';
import { prepareLink, prepareLinkOnSight } from '../links';
import { isDeploying, messageOf, stepsOf } from '../steps';
import { formatDate } from '../time';
import { Alert, ErrorAlert } from './Alert';
import { Button, buttonClass } from './Button';
import { DestroyButton } from './DestroyButton';
import { RestartButton } from './RestartButton';
import { ShortId } from './ShortId';
import { StatusBadge } from './StatusBadge';
import { StatusMessage } from './StatusMessage';
import { Steps } from './Steps';

interface CardProps {
  deployment: Deployment;
}

function Actions({ children }: { children: ReactNode }) {
  return <div className="flex flex-wrap gap-2">{children}</div>;
}

function DetailsLink({ deployment }: CardProps) {
  return (
    <Link to={`/openclaw/${deployment.id}`} className={buttonClass('plain')}>
      Details
    </Link>
  );
}

function Deploying({ deployment }: CardProps) {
  return (
    <>
      <Steps steps={stepsOf(deployment)} />
      <StatusMessage deployment={deployment} />
      <Actions>
        <DetailsLink deployment={deployment} />
        <DestroyButton deployment={deployment} />
      </Actions>
    </>
  );
}

function Ready({ deployment }: CardProps) {
  const restart = useRestart(deployment.id);
  return (
    <>
      <StatusMessage deployment={deployment} />
      <dl className="flex flex-wrap gap-x-8 gap-y-2 text-sm">
        <div>
          <dt className="text-xs text-muted">Address</dt>
          <dd className="font-mono">{deployment.ipAddress ?? 'unknown'}</dd>
        </div>
        {deployment.readyAt && (
          <div>
            <dt className="text-xs text-muted">Ready since</dt>
            <dd>{formatDate(deployment.readyAt)}</dd>
          </div>
        )}
      </dl>
      <ErrorAlert title="OpenClaw was not restarted" error={restart.error} />
      <Actions>
        <Link to={`/openclaw/${deployment.id}`} className={buttonClass('primary')}>
          Open
        </Link>
        <RestartButton restart={restart} change={deployment.change ?? null} />
        <DestroyButton deployment={deployment} />
      </Actions>
    </>
  );
}

function Failed({ deployment }: CardProps) {
  const retry = useRetry(deployment.id);
  return (
    <>
      <Steps steps={stepsOf(deployment)} />
      <Alert>{messageOf(deployment)}</Alert>
      <ErrorAlert title="It could not be retried" error={retry.error} />
      <Actions>
        <Button look="primary" busy={retry.isPending} onClick={() => retry.mutate()}>
          Retry
        </Button>
        <DetailsLink deployment={deployment} />
        <DestroyButton deployment={deployment} />
      </Actions>
    </>
  );
}

function Body({ deployment }: CardProps) {
  if (isDeploying(deployment.status)) return <Deploying deployment={deployment} />;
  if (deployment.status === 'READY') return <Ready deployment={deployment} />;
  if (deployment.status === 'ERROR') return <Failed deployment={deployment} />;
  return <StatusMessage deployment={deployment} />;
}

/*
 * Whoever comes near a ready one is likely to open it, and the link takes some seconds to make. Once
 * for each card, so that moving over them again and again keeps no machine busy.
 */
function usePrepared({ id, status }: Deployment, make: (id: string) => void) {
  const done = useRef(false);
  return useCallback(() => {
    if (done.current || status !== 'READY') return;
    done.current = true;
    make(id);
  }, [id, status, make]);
}

const makeLink = (id: string) => prepareLink(id, 'frame');

/** Calls it as soon as somebody can see the page: a tab in the background asks for nothing. */
function useOnceSeen(wanted: boolean, act: () => void) {
  useEffect(() => {
    if (!wanted) return;
    const look = () => {
      if (document.visibilityState === 'visible') act();
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [wanted, act]);
}

/** `likely`: of all it is the one that people come for, so its link is made while they look. */
export function DeploymentCard({ deployment, likely }: CardProps & { likely: boolean }) {
  const heading = useId();
  const prepare = usePrepared(deployment, makeLink);
  useOnceSeen(likely, usePrepared(deployment, prepareLinkOnSight));
  return (
    <article
      aria-labelledby={heading}
      onPointerEnter={prepare}
      onFocus={prepare}
      onTouchStart={prepare}
      className="rounded-2xl border border-line bg-surface p-5 shadow-xs sm:p-6"
    >
      <header className="flex items-center gap-3">
        <h3 id={heading} className="min-w-0 truncate font-semibold">
          {deployment.name}
        </h3>
        <ShortId deployment={deployment} />
        <span className="ml-auto">
          <StatusBadge status={deployment.status} />
        </span>
      </header>
      <div className="mt-5 space-y-5">
        <Body deployment={deployment} />
      </div>
    </article>
  );
}
