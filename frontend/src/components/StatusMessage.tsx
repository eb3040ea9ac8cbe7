/*
 * The status sentence, read out when it changes, and beside it the time since that began.
 * The clock stands outside the live region, or it would be read out every second.
 */
import type { Deployment } from '../api';
import { beganAt, isDeploying, messageOf } from '../steps';
import { formatDuration, useNow } from '../time';
import { Spinner } from './Spinner';

function Elapsed({ since }: { since: string }) {
  const now = useNow(true);
  return (
    <p className="shrink-0 text-muted">
      Elapsed <span className="tabular-nums">{formatDuration(now - Date.parse(since))}</span>
    </p>
  );
}

export function StatusMessage({ deployment }: { deployment: Deployment }) {
  const deploying = isDeploying(deployment.status);
  return (
    <div className="flex justify-between gap-4 text-sm">
      <p role="status" className="flex min-w-0 items-start gap-2">
        {deployment.status === 'DESTROYING' && <Spinner className="mt-0.5 size-4" />}
        <span className="min-w-0 break-words">{messageOf(deployment)}</span>
      </p>
      {deploying && <Elapsed since={beganAt(deployment)} />}
    </div>
  );
}
