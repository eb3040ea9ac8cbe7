/*
 * The tail of the setup log. It stays at its end while new lines arrive, unless the reader has
 * scrolled up to read something.
 */
import { useEffect, useRef } from 'react';
import type { LogLine } from '../api';

const AT_END_PX = 24;

function Line({ text }: { text: string }) {
  const heading = /^== \S+: (.*)$/.exec(text);
  if (!heading) return <span className="block">{text || ' '}</span>;
  return <span className="mt-2 block font-semibold text-ink first:mt-0">{heading[1]}</span>;
}

export function SetupLog({ lines }: { lines: LogLine[] }) {
  const box = useRef<HTMLPreElement>(null);
  const followsEnd = useRef(true);
  const last = lines.at(-1)?.n;

  useEffect(() => {
    const element = box.current;
    if (element && followsEnd.current) element.scrollTop = element.scrollHeight;
  }, [last]);

  if (lines.length === 0) {
    return <p className="text-sm text-muted">Nothing yet. It starts once the server is there.</p>;
  }
  return (
    <pre
      ref={box}
      tabIndex={0}
      role="region"
      aria-label="Setup log lines"
      onScroll={({ currentTarget: element }) => {
        const below = element.scrollHeight - element.scrollTop - element.clientHeight;
        followsEnd.current = below < AT_END_PX;
      }}
      className="max-h-96 overflow-auto rounded-lg bg-sunken p-3.5 font-mono text-xs leading-5 break-words whitespace-pre-wrap text-muted"
    >
      {lines.map(({ n, text }) => (
        <Line key={n} text={text} />
      ))}
    </pre>
  );
}
