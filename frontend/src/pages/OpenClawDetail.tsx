/*
 * One OpenClaw: its web page in a frame as large as the window when it is ready, and until then
 * everything there is to know about how far it has come.
 */
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { ApiError, type Deployment } from '../api';
import { Alert, ErrorAlert } from '../components/Alert';
import { Button, buttonClass } from '../components/Button';
import { DestroyButton } from '../components/DestroyButton';
import { DetailHeader } from '../components/DetailHeader';
import { History } from '../components/History';
import { ReadyPage } from '../components/ReadyPage';
import { ReinstallDialog } from '../components/ReinstallDialog';
import { Loading } from '../components/Spinner';
import { StatusMessage } from '../components/StatusMessage';
import { Steps } from '../components/Steps';
import { useDeployment, useRetry } from '../deployments';
import { hasServer, isDeploying, messageOf, stepsOf } from '../steps';
import { useTimeline } from '../timeline';
import { useTitle } from '../title';

/** The ways on from a failure: where it stopped, or on the same server from the beginning. */
function WaysOn({ deployment }: { deployment: Deployment }) {
  const retry = useRetry(deployment.id);
  const [asking, setAsking] = useState(false);
  return (
    <>
      <ErrorAlert title="It could not be retried" error={retry.error} />
      <div className="flex flex-wrap gap-2">
        <Button look="primary" busy={retry.isPending} onClick={() => retry.mutate()}>
          Retry
        </Button>
        {hasServer(deployment) && <Button onClick={() => setAsking(true)}>Reinstall</Button>}
        <ReinstallDialog deployment={deployment} open={asking} onClose={() => setAsking(false)} />
      </div>
    </>
  );
}

function Progress({ deployment }: { deployment: Deployment }) {
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
      {status === 'ERROR' && <WaysOn deployment={deployment} />}
      {status === 'DESTROYED' && (
        <Link to="/dashboard" className={buttonClass('plain')}>
          Back to the dashboard
        </Link>
      )}
    </section>
  );
}

function Page({ deployment }: { deployment: Deployment }) {
  const destroyed = deployment.status === 'DESTROYED';
  const timeline = useTimeline(deployment.id, !destroyed);
  useTitle(deployment.name);

  if (deployment.status === 'READY') {
    return <ReadyPage deployment={deployment} timeline={timeline} />;
  }
  return (
    <div className="mx-auto w-full max-w-5xl space-y-4 px-4 py-6 sm:px-6 sm:py-8">
      <DetailHeader deployment={deployment}>
        {!destroyed && deployment.status !== 'DESTROYING' && (
          <DestroyButton deployment={deployment} />
        )}
      </DetailHeader>
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
