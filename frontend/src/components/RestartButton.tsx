/* "Restart", which only a ready OpenClaw offers. A refusal is reported to the parent to show. */
import type { useRestart } from '../deployments';
import { Button } from './Button';

interface Props {
  restart: ReturnType<typeof useRestart>;
  restarting?: boolean;
}

export function RestartButton({ restart, restarting = false }: Props) {
  const busy = restart.isPending || restarting;
  return (
    <Button busy={busy} onClick={() => restart.mutate()}>
      {busy ? 'Restarting' : 'Restart'}
    </Button>
  );
}
