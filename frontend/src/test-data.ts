/* Deployments for the unit tests. */
import type { Deployment } from './api';

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
