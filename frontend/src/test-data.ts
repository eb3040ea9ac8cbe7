/* Deployments and events for the unit tests. */
import type { Deployment, TimelineEvent } from './api';

export function aDeployment(fields: Partial<Deployment> = {}): Deployment {
  return {
    id: '0197c2f1-8a3b-7c4d-9e5f-3b6c2f90ab12',
    name: 'my-claw',
    status: 'PENDING',
    statusMessage: null,
    ipAddress: null,
    url: null,
    createdAt: '2026-05-18T14:00:00Z',
    updatedAt: '2026-05-18T14:00:00Z',
    readyAt: null,
    destroyedAt: null,
    steps: [],
    ...fields,
  };
}

/** Events come a second after each other. */
export function anEvent(seq: number, type = 'deployment.requested', message = ''): TimelineEvent {
  const at = new Date(Date.parse('2026-05-18T14:00:00Z') + seq * 1000).toISOString();
  return { seq, at, type, stage: 'gateway', status: 'READY', message };
}
