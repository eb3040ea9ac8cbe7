/* The end of a deployment's id, for telling namesakes apart; left out where the name already has it. */
import type { Deployment } from '../api';
import { shortId } from '../steps';

export function ShortId({ deployment }: { deployment: Deployment }) {
  const short = shortId(deployment.id);
  if (deployment.name.includes(short)) return null;
  return (
    <span className="font-mono text-xs text-faint max-sm:hidden" title={deployment.id}>
      {short}
    </span>
  );
}
