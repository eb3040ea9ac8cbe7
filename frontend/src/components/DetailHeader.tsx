/* The head of a deployment's page: which one it is, how it is, and what can be done about it. */
import type { ReactNode } from 'react';
import type { Deployment } from '../api';
import { ShortId } from './ShortId';
import { StatusBadge } from './StatusBadge';

export function DetailHeader({
  deployment,
  children,
}: {
  deployment: Deployment;
  children: ReactNode;
}) {
  return (
    <header className="flex flex-wrap items-center gap-x-4 gap-y-3">
      <div className="flex min-w-0 flex-1 basis-64 flex-wrap items-center gap-x-3 gap-y-1">
        <h1 className="min-w-0 truncate text-xl font-semibold tracking-tight">{deployment.name}</h1>
        <ShortId deployment={deployment} />
        <StatusBadge status={deployment.status} />
      </div>
      {children}
    </header>
  );
}
