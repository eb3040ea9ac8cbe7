/* "Destroy" with its dialog: says plainly what is lost and what it costs before anything happens. */
import { useState } from 'react';
import type { Deployment } from '../api';
import { useDestroy } from '../deployments';
import { Button } from './Button';
import { ConfirmDialog } from './ConfirmDialog';

export function DestroyButton({ deployment }: { deployment: Deployment }) {
  const [asking, setAsking] = useState(false);
  const destroy = useDestroy(deployment.id);
  const { mutate, reset, isPending, error } = destroy;

  return (
    <>
      <Button
        look="danger-quiet"
        onClick={() => {
          reset();
          setAsking(true);
        }}
      >
        Destroy
      </Button>
      <ConfirmDialog
        open={asking}
        title={`Destroy ${deployment.name}?`}
        confirmLabel="Destroy"
        busy={isPending}
        error={error}
        onConfirm={() => mutate(undefined, { onSuccess: () => setAsking(false) })}
        onClose={() => setAsking(false)}
      >
        <p>
          <strong className="font-medium text-ink">
            Everything on its server is lost for good:
          </strong>{' '}
          chats, files, settings and installed skills. There is no backup and no way back.
        </p>
        <p>
          <strong className="font-medium text-ink">Its costs end, but nothing is refunded:</strong>{' '}
          the server is cancelled and not renewed, a month that has begun stays paid, and its AI key
          stops working.
        </p>
      </ConfirmDialog>
    </>
  );
}
