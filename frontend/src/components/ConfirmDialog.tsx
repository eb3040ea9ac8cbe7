/*
 * Asks before something that cannot be undone or takes its time. A native <dialog>, so the browser keeps the focus
 * inside, closes it on Escape and returns the focus to where it was.
 */
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { ErrorAlert } from './Alert';
import { Button, type ButtonLook } from './Button';

interface Props {
  open: boolean;
  title: string;
  confirmLabel: string;
  confirmLook?: ButtonLook;
  cancelLabel?: string;
  busy?: boolean;
  error?: Error | null;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}

export function ConfirmDialog(props: Props) {
  const { open, title, confirmLabel, cancelLabel = 'Cancel', busy = false, error = null } = props;
  const { onConfirm, onClose, confirmLook = 'danger', children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();

  useEffect(() => {
    const element = dialog.current;
    if (!element || element.open === open) return;
    if (open) element.showModal();
    else element.close();
  }, [open]);

  return (
    <dialog
      ref={dialog}
      aria-labelledby={`${id}title`}
      aria-describedby={`${id}text`}
      onCancel={(event) => {
        if (busy) event.preventDefault();
      }}
      onClose={() => {
        if (open) onClose();
      }}
      className="m-auto w-[calc(100%-2rem)] max-w-md rounded-2xl border border-line bg-surface p-0 text-ink shadow-2xl"
    >
      <div className="p-5 sm:p-6">
        <h2 id={`${id}title`} className="text-lg font-semibold break-words">
          {title}
        </h2>
        <div id={`${id}text`} className="mt-3 space-y-3 text-sm text-muted">
          {children}
        </div>
        <div className="mt-4 empty:hidden">
          <ErrorAlert error={error} />
        </div>
      </div>
      <div className="flex justify-end gap-2 border-t border-line bg-sunken px-5 py-4 sm:px-6">
        <Button onClick={onClose} disabled={busy}>
          {cancelLabel}
        </Button>
        <Button look={confirmLook} busy={busy} onClick={onConfirm}>
          {confirmLabel}
        </Button>
      </div>
    </dialog>
  );
}
