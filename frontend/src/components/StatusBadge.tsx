/* A deployment's status in one word and one colour; the dot pulses while something is under way. */
import type { DeploymentStatus } from '../api';
import { describeStatus, isMoving, type Tone } from '../steps';

const tones: Record<Tone, string> = {
  busy: 'bg-busy-soft text-busy',
  good: 'bg-good-soft text-good',
  bad: 'bg-bad-soft text-bad',
  quiet: 'bg-sunken text-muted',
};

export function StatusBadge({ status }: { status: DeploymentStatus }) {
  const { label, tone } = describeStatus(status);
  return (
    <span
      className={`inline-flex items-center gap-1.5 rounded-full px-2.5 py-0.5 text-xs font-medium whitespace-nowrap ${tones[tone]}`}
    >
      <span
        className={`size-1.5 rounded-full bg-current ${isMoving(status) ? 'animate-pulse' : ''}`}
      />
      {label}
    </span>
  );
}
