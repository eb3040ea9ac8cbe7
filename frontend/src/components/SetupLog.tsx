/* The tail of the setup log, as the machine wrote it; the line that begins a step is its heading. */
import type { LogLine } from '../api';
import { ScrollBox } from './ScrollBox';

function Line({ text }: { text: string }) {
  const heading = /^== \S+: (.*)$/.exec(text);
  if (!heading) return <span className="block">{text || ' '}</span>;
  return <span className="mt-2 block font-semibold text-ink first:mt-0">{heading[1]}</span>;
}

export function SetupLog({ lines }: { lines: LogLine[] }) {
  if (lines.length === 0) {
    return (
      <p className="text-sm text-muted">
        Nothing yet. What is made for you, and the setup of the machine, is told here.
      </p>
    );
  }
  return (
    <ScrollBox
      label="Setup log lines"
      last={lines.at(-1)?.n}
      className="rounded-lg bg-sunken p-3.5 font-mono text-xs leading-5 break-words whitespace-pre-wrap text-muted"
    >
      {lines.map(({ n, text }) => (
        <Line key={n} text={text} />
      ))}
    </ScrollBox>
  );
}
