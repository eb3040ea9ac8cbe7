/*
 * The four steps of a deployment: a line from left to right where there is room, from top to bottom
 * on a phone. Done steps say how long they took, the active one counts.
 */
import type { Step, StepState } from '../api';
import { formatDuration, useNow } from '../time';
import { Spinner } from './Spinner';

const spoken: Record<StepState, string> = {
  waiting: 'not started',
  active: 'in progress',
  done: 'done',
  failed: 'failed',
};

const circles: Record<StepState, string> = {
  waiting: 'border border-line-strong bg-surface text-faint',
  active: 'bg-busy-soft text-busy',
  done: 'bg-good-soft text-good',
  failed: 'bg-bad-soft text-bad',
};

function Mark({ state, number }: { state: StepState; number: number }) {
  const sign = { done: 'M3.500 8.300l3 3 6-6.500', failed: 'M4.500 4.500l7 7M11.500 4.500l-7 7' };
  return (
    <span
      className={`grid size-7 shrink-0 place-items-center rounded-full text-xs font-semibold ${circles[state]}`}
      aria-hidden="true"
    >
      {state === 'active' && <Spinner />}
      {state === 'waiting' && number}
      {(state === 'done' || state === 'failed') && (
        <svg viewBox="0 0 16 16" className="size-4">
          <path
            d={sign[state]}
            fill="none"
            stroke="currentColor"
            strokeWidth="2"
            strokeLinecap="round"
            strokeLinejoin="round"
          />
        </svg>
      )}
    </span>
  );
}

function duration({ startedAt, finishedAt, state }: Step, now: number): string {
  if (!startedAt || state === 'waiting') return '';
  const end = finishedAt ? Date.parse(finishedAt) : state === 'active' ? now : NaN;
  return formatDuration(end - Date.parse(startedAt));
}

export function Steps({ steps }: { steps: Step[] }) {
  const now = useNow(steps.some(({ state }) => state === 'active'));
  return (
    <ol className="flex flex-col sm:flex-row" aria-label="Progress">
      {steps.map((step, index) => (
        <li
          key={step.key}
          aria-current={step.state === 'active' ? 'step' : undefined}
          className="group relative flex gap-3 sm:flex-1 sm:last:flex-none pb-5 last:pb-0 sm:flex-col sm:gap-2.5 sm:pr-4 sm:pb-0"
        >
          <span
            className={`absolute top-8 bottom-1 left-3.5 w-px group-last:hidden sm:top-3.5 sm:right-2 sm:bottom-auto sm:left-9 sm:h-px sm:w-auto ${
              step.state === 'done' ? 'bg-good' : 'bg-line-strong'
            }`}
            aria-hidden="true"
          />
          <Mark state={step.state} number={index + 1} />
          <span className="flex min-w-0 flex-1 items-baseline justify-between gap-2 pt-1 text-sm sm:flex-col sm:justify-start sm:gap-0.5 sm:pt-0">
            <span className={step.state === 'waiting' ? 'text-faint' : 'font-medium'}>
              {step.title}
              <span className="sr-only"> ({spoken[step.state]})</span>
            </span>
            <span className="min-h-4 text-xs text-muted tabular-nums">{duration(step, now)}</span>
          </span>
        </li>
      ))}
    </ol>
  );
}
