/*
 * The OpenClaw section of the dashboard: an invitation when there is no deployment, else one card
 * for each and the offer of another. Destroyed ones are history and not shown.
 */
import { useDeploy, useDeployments } from '../deployments';
import { ErrorAlert } from './Alert';
import { Button } from './Button';
import { DeploymentCard } from './DeploymentCard';
import { Empty } from './Empty';
import { Loading } from './Spinner';

export function OpenClawSection() {
  const list = useDeployments();
  const deploy = useDeploy();
  const shown = list.data?.filter(({ status }) => status !== 'DESTROYED') ?? [];
  /* The newest comes first. One that is being restarted makes no link. */
  const newestReady = shown.find(({ status, change }) => status === 'READY' && !change)?.id;

  return (
    <section id="openclaw" aria-labelledby="openclaw-heading" className="space-y-4">
      <div className="flex flex-wrap min-h-9 items-center justify-between gap-3">
        <h2 id="openclaw-heading" className="text-lg font-semibold tracking-tight">
          OpenClaw
        </h2>
        {shown.length > 0 && (
          <Button busy={deploy.isPending} onClick={deploy.deploy}>
            {deploy.isPending ? 'Deploying' : 'Deploy another'}
          </Button>
        )}
      </div>

      {list.isPending && <Loading label="Loading your deployments" />}
      {list.isError && (
        <>
          <ErrorAlert
            title={
              list.data ? 'What you see may be out of date' : 'Your deployments cannot be shown'
            }
            error={list.error}
          />
          <Button busy={list.isFetching} onClick={() => void list.refetch()}>
            Try again
          </Button>
        </>
      )}

      {shown.length > 0 && <ErrorAlert title="OpenClaw was not deployed" error={deploy.error} />}
      {shown.map((deployment) => (
        <DeploymentCard
          key={deployment.id}
          deployment={deployment}
          likely={deployment.id === newestReady}
        />
      ))}
      {list.data && shown.length === 0 && <Empty {...deploy} />}
    </section>
  );
}
