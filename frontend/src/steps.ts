/*
 * What a deployment's status means to a person: its words, its tone, and the four steps they watch.
 * Pure functions only.
 */
import type { Deployment, DeploymentStatus, Step, StepState } from './api';

export type Tone = 'busy' | 'good' | 'bad' | 'quiet';

const words: Record<DeploymentStatus, { label: string; tone: Tone; sentence: string }> = {
  PENDING: { label: 'Starting', tone: 'busy', sentence: 'Getting things ready' },
  ORDERING: { label: 'Ordering', tone: 'busy', sentence: 'Ordering your server' },
  PROVISIONING: { label: 'Setting up', tone: 'busy', sentence: 'Setting up your server' },
  INSTALLING: { label: 'Installing', tone: 'busy', sentence: 'Installing OpenClaw' },
  READY: { label: 'Ready', tone: 'good', sentence: 'Your OpenClaw is ready' },
  ERROR: { label: 'Error', tone: 'bad', sentence: 'Something went wrong' },
  DESTROYING: { label: 'Destroying', tone: 'quiet', sentence: 'Erasing and releasing the server' },
  DESTROYED: { label: 'Destroyed', tone: 'quiet', sentence: 'This OpenClaw was destroyed' },
};

/** Badge text and colour of a status; one we have never heard of is shown as it is. */
export function describeStatus(status: DeploymentStatus): { label: string; tone: Tone } {
  return words[status] ?? { label: String(status), tone: 'quiet' };
}

/** The sentence to show now: the server's own words when there are any. */
export function messageOf({ status, statusMessage }: Deployment): string {
  return statusMessage?.trim() || (words[status]?.sentence ?? '');
}

export function isDeploying(status: DeploymentStatus): boolean {
  return ['PENDING', 'ORDERING', 'PROVISIONING', 'INSTALLING'].includes(status);
}

/** Something is under way, so it is worth looking again soon. */
export function isMoving(status: DeploymentStatus): boolean {
  return isDeploying(status) || status === 'DESTROYING';
}

const plannedSteps = [
  { key: 'order', title: 'Ordering VPS' },
  { key: 'setup', title: 'Setting up server' },
  { key: 'install', title: 'Installing OpenClaw' },
  { key: 'ready', title: 'Ready' },
];

const activeStep: Partial<Record<DeploymentStatus, number>> = {
  PENDING: 0,
  ORDERING: 0,
  PROVISIONING: 1,
  INSTALLING: 2,
  READY: plannedSteps.length,
};

function derivedState(index: number, status: DeploymentStatus): StepState {
  const active = activeStep[status];
  if (active === undefined) return 'waiting';
  if (index === active) return 'active';
  return index < active ? 'done' : 'waiting';
}

/**
 * The steps to draw. The server's are taken as they are, except that nothing may look busy once the
 * deployment has failed; if it sent none, they follow from the status.
 */
export function stepsOf({ status, steps }: Deployment): Step[] {
  if (!steps?.length) {
    return plannedSteps.map((step, index) => ({
      ...step,
      state: derivedState(index, status),
      startedAt: null,
      finishedAt: null,
    }));
  }
  if (status !== 'ERROR') return steps;
  return steps.map((step) => (step.state === 'active' ? { ...step, state: 'failed' } : step));
}

/**
 * When what is under way began: with the first of the steps that follow each other without a break.
 * After a reinstall that is not when the deployment was made, which may be long ago.
 */
export function beganAt({ createdAt, steps }: Deployment): string {
  let index = steps?.findIndex(({ state }) => state === 'active') ?? -1;
  while (index > 0 && steps[index]?.startedAt === steps[index - 1]?.finishedAt) index--;
  return steps?.[index]?.startedAt ?? createdAt;
}

/** A server was delivered for it, as far as one can tell from here: there is something to set up anew. */
export function hasServer({ ipAddress, steps }: Deployment): boolean {
  return ipAddress !== null || steps?.[0]?.state === 'done';
}

/** The tail of the id, which unlike the head of a time-ordered id differs between neighbours. */
export function shortId(id: string): string {
  return id.slice(-12);
}

/** The address, if it is one that a browser may be sent to. */
export function safeUrl(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  return new URL(url).protocol === 'https:' ? url : null;
}
