/* Asks before the machine is erased and OpenClaw is set up on it again. */
import type { Deployment } from '../api';
import { useReinstall } from '../deployments';
import { ConfirmDialog } from './ConfirmDialog';

interface Props {
  deployment: Deployment;
  open: boolean;
  onClose: () => void;
}

export function ReinstallDialog({ deployment, open, onClose }: Props) {
  const { mutate, reset, isPending, error } = useReinstall(deployment.id);
  const { name, ipAddress } = deployment;
  const close = () => {
    reset();
    onClose();
  };
  return (
    <ConfirmDialog
      open={open}
      title={`Reinstall ${name}?`}
      confirmLabel="Erase and reinstall"
      busy={isPending}
      error={error}
      onConfirm={() => mutate(undefined, { onSuccess: close })}
      onClose={close}
    >
      <p>
        <strong className="font-medium text-ink">
          Everything on its server is erased for good:
        </strong>{' '}
        chats, files, settings and installed skills. There is no backup and no way back.
      </p>
      <p>
        <strong className="font-medium text-ink">What stays:</strong> the server and its address
        {ipAddress ? ` ${ipAddress}` : ''}, what you have paid for it, and what is left of its
        spending limit for AI. It gets a new AI key; the old one stops working.
      </p>
      <p>It takes some minutes, in which it cannot be used.</p>
    </ConfirmDialog>
  );
}
