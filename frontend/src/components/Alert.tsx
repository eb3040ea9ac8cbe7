/* Something went wrong, in words; announced by screen readers as soon as it appears. */
import type { ReactNode } from 'react';

interface Props {
  title?: string;
  children: ReactNode;
}

export function Alert({ title, children }: Props) {
  return (
    <div
      role="alert"
      className="flex gap-2.5 rounded-lg border border-bad-line bg-bad-soft px-3.5 py-3 text-left text-sm text-bad"
    >
      <svg viewBox="0 0 16 16" className="mt-0.5 size-4 shrink-0" aria-hidden="true">
        <circle cx="8" cy="8" r="7" fill="none" stroke="currentColor" strokeWidth="1.5" />
        <path
          d="M8 4.500v4M8 11.200v.1"
          stroke="currentColor"
          strokeWidth="1.8"
          strokeLinecap="round"
        />
      </svg>
      <div className="min-w-0 break-words">
        {title && <p className="font-semibold">{title}</p>}
        <div>{children}</div>
      </div>
    </div>
  );
}

/** Shows the message of an error, when there is one. */
export function ErrorAlert({ error, title }: { error: Error | null; title?: string }) {
  if (!error) return null;
  return <Alert {...(title ? { title } : {})}>{error.message}</Alert>;
}
