/* What somebody without an OpenClaw sees: what it is, what they get, and the one button. */
import { ErrorAlert } from './Alert';
import { Button } from './Button';
import { Logo } from './Logo';

const promises = [
  { title: 'A server of its own', text: 'Ordered from OVH for you alone, nothing shared.' },
  { title: 'Secure from the start', text: 'HTTPS and a firewall before the first visit.' },
  { title: 'AI included', text: 'Its own OpenRouter key with a spending limit.' },
];

interface Props {
  deploy: () => void;
  isPending: boolean;
  error: Error | null;
}

export function Empty({ deploy, isPending, error }: Props) {
  return (
    <div className="overflow-hidden rounded-2xl border border-line bg-surface shadow-xs">
      <div className="flex flex-col items-center px-5 py-12 text-center sm:px-8 sm:py-16">
        <Logo className="size-16" />
        <h3 className="mt-6 text-xl font-semibold tracking-tight sm:text-2xl">
          Your own OpenClaw, with one click
        </h3>
        <p className="mt-3 max-w-lg text-muted">
          OpenClaw is a personal AI assistant that runs on its own server. We order the server,
          install everything and hand it over, ready to use, in a few minutes.
        </p>
        <Button look="primary" busy={isPending} onClick={deploy} size="large" className="mt-8">
          {isPending ? 'Deploying' : 'Deploy OpenClaw'}
        </Button>
        <p className="mt-3 text-xs text-muted">
          The server is billed by the month until you destroy it.
        </p>
        <div className="mt-5 w-full max-w-md text-left empty:hidden">
          <ErrorAlert title="OpenClaw was not deployed" error={error} />
        </div>
      </div>
      <ul className="grid gap-px border-t border-line bg-line sm:grid-cols-3">
        {promises.map(({ title, text }) => (
          <li key={title} className="bg-surface px-5 py-4 sm:px-6 sm:py-5">
            <p className="text-sm font-medium">{title}</p>
            <p className="mt-1 text-sm text-muted">{text}</p>
          </li>
        ))}
      </ul>
    </div>
  );
}
