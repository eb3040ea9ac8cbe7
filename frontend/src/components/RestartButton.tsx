/* "Restart", which only a ready OpenClaw offers. A refusal is reported to the parent to show. */
import type { Change } from '../api';
import type { useRestart } from '../deployments';
import { Button } from './Button';

interface Props {
  restart: ReturnType<typeof useRestart>;
  change: Change | null;
}

export function RestartButton({ restart, change }: Props) {
  const busy = restart.isPending || change === 'restart';
  return (
    <Button busy={busy} disabled={change !== null} onClick={() => restart.mutate()}>
      {busy ? 'Restarting' : 'Restart'}
    </Button>
  );
}
