/* Steps, messages, addresses and durations as they follow from a deployment. */
import { describe, expect, it } from 'vitest';
import type { DeploymentStatus, Step, StepState } from './api';
import { beganAt, describeStatus, hasServer, messageOf, safeUrl, stepsOf } from './steps';
import { aDeployment } from './test-data';
import { formatDuration } from './time';

const statesOf = (status: DeploymentStatus, steps: Step[] = []) =>
  stepsOf(aDeployment({ status, steps })).map(({ state }) => state);

const sent = (...states: StepState[]): Step[] =>
  states.map((state, index) => ({
    key: `step${index}`,
    title: `Step ${index}`,
    state,
    startedAt: null,
    finishedAt: null,
  }));

describe('stepsOf', () => {
  it.each<[DeploymentStatus, StepState[]]>([
    ['PENDING', ['active', 'waiting', 'waiting', 'waiting']],
    ['ORDERING', ['active', 'waiting', 'waiting', 'waiting']],
    ['PROVISIONING', ['done', 'active', 'waiting', 'waiting']],
    ['INSTALLING', ['done', 'done', 'active', 'waiting']],
    ['READY', ['done', 'done', 'done', 'done']],
    ['DESTROYING', ['waiting', 'waiting', 'waiting', 'waiting']],
  ])('follows from the status %s when the server sends none', (status, states) => {
    expect(statesOf(status)).toEqual(states);
  });

  it('takes what the server sends', () => {
    expect(statesOf('PENDING', sent('done', 'active', 'waiting'))).toEqual([
      'done',
      'active',
      'waiting',
    ]);
  });

  it('shows nothing as busy once it has failed', () => {
    expect(statesOf('ERROR', sent('done', 'active', 'waiting'))).toEqual([
      'done',
      'failed',
      'waiting',
    ]);
  });
});

describe('beganAt', () => {
  const times = ['14:00', '14:03', '14:05', '14:06'].map((time) => `2026-05-18T${time}:00Z`);
  const [created = '', , , installing] = times;
  const steps = sent('done', 'done', 'active', 'waiting').map((step, index) => ({
    ...step,
    startedAt: index < 3 ? (times[index] ?? null) : null,
    finishedAt: index < 2 ? (times[index + 1] ?? null) : null,
  }));

  it('is the beginning of the first step', () => {
    expect(beganAt(aDeployment({ steps }))).toBe(created);
  });

  it('is where it began again', () => {
    const again = steps.map((step, index) =>
      index === 2 ? { ...step, startedAt: installing ?? null } : step,
    );
    expect(beganAt(aDeployment({ steps: again }))).toBe(installing);
  });

  it('is the click while there are no steps', () => {
    expect(beganAt(aDeployment())).toBe(created);
  });
});

describe('hasServer', () => {
  it('follows from an address, or the order being done', () => {
    expect(hasServer(aDeployment())).toBe(false);
    expect(hasServer(aDeployment({ ipAddress: '192.0.2.7' }))).toBe(true);
    expect(hasServer(aDeployment({ steps: sent('done', 'failed') }))).toBe(true);
    expect(hasServer(aDeployment({ steps: sent('failed', 'waiting') }))).toBe(false);
  });
});

describe('words', () => {
  it('prefers what the server says', () => {
    expect(messageOf(aDeployment({ statusMessage: 'Paying for the server' }))).toBe(
      'Paying for the server',
    );
    expect(messageOf(aDeployment({ statusMessage: '  ', status: 'READY' }))).toBe(
      'Your OpenClaw is ready',
    );
  });

  it('shows a status it does not know as it is', () => {
    const status = 'PARKED' as DeploymentStatus;
    expect(describeStatus(status)).toEqual({ label: 'PARKED', tone: 'quiet' });
    expect(messageOf(aDeployment({ status }))).toBe('');
  });
});

describe('safeUrl', () => {
  it.each([null, '', 'nonsense', 'http://1.2.3.4/', 'javascript:alert(1)', 'data:text/html,x'])(
    'refuses %s',
    (url) => expect(safeUrl(url)).toBeNull(),
  );

  it('accepts https with a port', () => {
    expect(safeUrl('https://127.40.0.2:8443/')).toBe('https://127.40.0.2:8443/');
  });
});

describe('formatDuration', () => {
  it.each([
    [-5_000, '0:00'],
    [65_400, '1:05'],
    [3_725_000, '1:02:05'],
    [NaN, ''],
  ])('%d ms is "%s"', (ms, text) => expect(formatDuration(ms)).toBe(text));
});
