/* A turning ring; decoration only, the words beside it say what is going on. */
export function Spinner({ className = 'size-4' }: { className?: string }) {
  return (
    <svg viewBox="0 0 16 16" className={`shrink-0 animate-spin ${className}`} aria-hidden="true">
      <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="2" opacity=".25" />
      <path
        d="M14 8a6 6 0 0 0-6-6"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
      />
    </svg>
  );
}

/** A quiet placeholder for a page or a section whose data is on its way. */
export function Loading({ label = 'Loading' }: { label?: string }) {
  return (
    <p role="status" className="flex items-center justify-center gap-2 py-16 text-sm text-muted">
      <Spinner /> {label}…
    </p>
  );
}
