/* Asks before OpenClaw is brought to a newer version: says what happens, also when it does not work. */
import type { Deployment } from '../api';
import { useUpgrade } from '../deployments';
import { ConfirmDialog } from './ConfirmDialog';

interface Props {
  deployment: Deployment;
  open: boolean;
  onClose: () => void;
}

export function UpgradeDialog({ deployment, open, onClose }: Props) {
  const { mutate, reset, isPending, error } = useUpgrade(deployment.id);
  const { name, version, availableVersion } = deployment;
  const close = () => {
    reset();
    onClose();
  };
  return (
    <ConfirmDialog
      open={open}
      title={`Upgrade ${name}${availableVersion ? ` to ${availableVersion}` : ''}?`}
      confirmLabel="Upgrade"
      confirmLook="primary"
      busy={isPending}
      error={error}
      onConfirm={() => mutate(undefined, { onSuccess: close })}
      onClose={close}
    >
      <p>
        {version ? `It has OpenClaw ${version} now. ` : ''}
        The upgrade takes some minutes, in which it cannot be used. Chats, files, settings and
        skills stay.
      </p>
      <p>
        <strong className="font-medium text-ink">A backup is made first.</strong> If the new version
        does not work, the old one comes back by itself with everything as it was.
      </p>
      <p>Once it works, there is no way back to the older version.</p>
    </ConfirmDialog>
  );
}
