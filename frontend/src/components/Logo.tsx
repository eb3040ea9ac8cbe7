/* The product's mark, a raised claw, drawn here so that no image has to be loaded. */
export function Logo({ className = 'size-8' }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={`shrink-0 ${className}`} aria-hidden="true">
      <rect width="32" height="32" rx="8" className="fill-brand" />
      <path
        d="M8.6 21.4C4.6 14 8.2 5.8 17.6 4.8c-2 3.6-2.4 6.8-1.2 10.4 3.4-1.6 7-1.8 10.8-.2-1.6 8.6-9.8 12-16.8 8.2z"
        fill="#fff"
      />
      <path d="M10 22.4 6.8 25.6" stroke="#fff" strokeWidth="4.5" strokeLinecap="round" />
    </svg>
  );
}
