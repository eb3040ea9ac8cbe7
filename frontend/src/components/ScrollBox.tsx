/*
 * A box of lines with a height limit. It stays at its end while new lines arrive, unless the reader
 * has scrolled up to read something; it can be scrolled with the keyboard.
 */
import { useEffect, useRef, type ReactNode } from 'react';

const AT_END_PX = 24;

interface Props {
  label: string;
  /** Changes with every new line. */
  last: number | undefined;
  className?: string;
  children: ReactNode;
}

export function ScrollBox({ label, last, className = '', children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const followsEnd = useRef(true);

  useEffect(() => {
    const element = box.current;
    if (element && followsEnd.current) element.scrollTop = element.scrollHeight;
  }, [last]);

  return (
    <div
      ref={box}
      tabIndex={0}
      role="region"
      aria-label={label}
      onScroll={({ currentTarget: element }) => {
        const below = element.scrollHeight - element.scrollTop - element.clientHeight;
        followsEnd.current = below < AT_END_PX;
      }}
      className={`max-h-96 overflow-auto ${className}`}
    >
      {children}
    </div>
  );
}
