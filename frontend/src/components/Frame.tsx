/*
 * OpenClaw's own page, straight from its machine, opened by a link that is made for this browser and
 * works once. The page is somebody else's: it gets no referrer, can't lead the dashboard elsewhere,
 * and may use of the browser what an assistant needs.
 */
import { useEffect, useState } from 'react';
import type { Change, Deployment } from '../api';
import type { Comeback } from '../changes';
import { prepareLink, type Purpose } from '../links';
import { useOpening, type Opening } from '../opening';
import { useTab } from '../tab';
import { Alert, ErrorAlert } from './Alert';
import { Button } from './Button';
import { Loading } from './Spinner';

const HINT_MS = 3_000;
const LONG_MS = 15_000;

/* All that OpenClaw's page needs to work; without it, it could replace the dashboard in its tab. */
const ALLOWED =
  'allow-scripts allow-same-origin allow-forms allow-popups allow-downloads allow-modals';

const hints = {
  asking: 'This takes some seconds: your OpenClaw makes a key for this browser.',
  loading: 'Your OpenClaw is slow to answer. You can wait, or press Reconnect.',
};

/** What is awaited, and after a while why it takes time. */
function Waiting({ state }: { state: 'asking' | 'loading' }) {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), state === 'asking' ? HINT_MS : LONG_MS);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <>
      <Loading label="Opening OpenClaw" />
      <p role="status" className="-mt-13 min-h-5 text-sm text-muted">
        {isLong && hints[state]}
      </p>
    </>
  );
}

const comesBack: Record<Change, string> = {
  restart: 'OpenClaw is restarting; its page opens by itself when it is back.',
  upgrade: 'OpenClaw is being upgraded; its page opens by itself when it is back.',
};

interface FailedProps {
  opening: Opening;
  change: Change | null;
  reopen: () => void;
}

function Failed({ opening, change, reopen }: FailedProps) {
  return (
    <div className="w-full max-w-md space-y-3">
      {change ? (
        <p role="status" className="text-sm text-muted">
          {comesBack[change]}
        </p>
      ) : (
        <Alert title="OpenClaw could not be opened">{opening.error?.message}</Alert>
      )}
      <Button onClick={reopen}>Try again</Button>
    </div>
  );
}

function Versions({ deployment: { version, availableVersion } }: { deployment: Deployment }) {
  if (!version) return null;
  return (
    <p className="min-w-0 truncate text-xs text-muted">
      <span className="max-sm:sr-only">OpenClaw </span>
      {version}
      {availableVersion && (
        <span className="max-sm:hidden"> ({availableVersion} is available)</span>
      )}
    </p>
  );
}

/** A page that OpenClaw made no link for: first it waits to be approved, and that may be refused. */
function Door({ opening: { state, approval, error } }: { opening: Opening }) {
  if (state !== 'shown') return null;
  return (
    <>
      {approval && (
        <p role="status" className="text-sm text-muted">
          Letting this browser in…
        </p>
      )}
      <ErrorAlert title="No browser was let in" error={error} />
    </>
  );
}

interface Props {
  deployment: Deployment;
  /** The last time it came back from something. */
  comeback: Comeback | null;
}

export function Frame({ deployment, comeback }: Props) {
  const { opening, reopen, loaded } = useOpening(deployment.id, comeback);
  const tab = useTab(deployment.id);
  const { state, turn, url } = opening;
  /*
   * Whoever comes near a button is likely to press it, and its link takes some seconds to make. Not
   * while a browser waits to be let in: making another link would turn that one away.
   */
  const calm = !deployment.change && !opening.approval && tab.state === 'idle';
  const near = (purpose: Purpose, use: boolean) => {
    const prepare = () => {
      if (use && calm) prepareLink(deployment.id, purpose);
    };
    return { onPointerEnter: prepare, onFocus: prepare };
  };
  return (
    <section aria-label="OpenClaw" className="flex min-w-0 flex-1 flex-col gap-2">
      <div className="flex items-center gap-2">
        <Versions deployment={deployment} />
        <div className="-mr-2 ml-auto flex shrink-0">
          <Button
            look="ghost"
            size="small"
            disabled={state === 'asking'}
            onClick={reopen}
            {...near('frame', state !== 'asking')}
          >
            Reconnect
          </Button>
          <Button
            look="ghost"
            size="small"
            busy={tab.state !== 'idle'}
            onClick={tab.open}
            {...near('tab', true)}
          >
            Open in new tab
          </Button>
        </div>
      </div>
      {tab.state === 'approving' && (
        <p role="status" className="text-sm text-muted">
          Letting the new tab in…
        </p>
      )}
      <ErrorAlert title="OpenClaw was not opened in a new tab" error={tab.error} />
      <Door opening={opening} />
      <div className="relative min-h-[28rem] flex-1 overflow-hidden rounded-xl border border-line bg-surface">
        {url && (
          <iframe
            key={turn}
            title="OpenClaw"
            src={url}
            onLoad={loaded}
            sandbox={ALLOWED}
            allow="clipboard-write; microphone"
            referrerPolicy="no-referrer"
            className="absolute inset-0 size-full"
          />
        )}
        {state !== 'shown' && (
          <div className="absolute inset-0 flex flex-col items-center justify-center bg-surface px-4 text-center">
            {state === 'failed' ? (
              <Failed opening={opening} change={deployment.change ?? null} reopen={reopen} />
            ) : (
              <Waiting key={state} state={state} />
            )}
          </div>
        )}
      </div>
    </section>
  );
}
