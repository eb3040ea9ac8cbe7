/* A ready OpenClaw: its own page, as large as the window, and above it what can be done to it. */
import { useState } from 'react';
import type { Deployment } from '../api';
import { comebackOf, troubleOf } from '../changes';
import { useRestart } from '../deployments';
import { messageOf } from '../steps';
import { useNow } from '../time';
import type { LiveTimeline } from '../timeline';
import { ErrorAlert } from './Alert';
import { Button } from './Button';
import { DestroyButton } from './DestroyButton';
import { DetailHeader } from './DetailHeader';
import { Frame } from './Frame';
import { History } from './History';
import { Menu, type MenuItem } from './Menu';
import { ReinstallDialog } from './ReinstallDialog';
import { RestartButton } from './RestartButton';
import { UpgradeDialog } from './UpgradeDialog';

interface Props {
  deployment: Deployment;
  timeline: LiveTimeline;
}

function More({ deployment }: { deployment: Deployment }) {
  const [asking, setAsking] = useState<'reinstall' | 'upgrade' | null>(null);
  const { change = null, availableVersion: version } = deployment;
  const isUpgrading = change === 'upgrade';
  const items: MenuItem[] = [];
  if (version) {
    items.push({
      label: `${isUpgrading ? 'Upgrading' : 'Upgrade'} to ${version}`,
      isBusy: isUpgrading,
      isDisabled: change !== null,
      onSelect: () => setAsking('upgrade'),
    });
  }
  items.push({ label: 'Reinstall', isDangerous: true, onSelect: () => setAsking('reinstall') });
  const close = () => setAsking(null);
  const isNews = version && !isUpgrading;
  return (
    <>
      <Menu label="More" news={isNews ? 'an upgrade is available' : null} items={items} />
      <ReinstallDialog deployment={deployment} open={asking === 'reinstall'} onClose={close} />
      <UpgradeDialog deployment={deployment} open={asking === 'upgrade'} onClose={close} />
    </>
  );
}

/** The first and the troubled messages of an upgrade say themselves what they are about; its steps do not. */
function upgradeNote(message: string) {
  return message.startsWith('Upgrading OpenClaw') ? message : `OpenClaw is being upgraded. ${message}`;
}

/** What is being done to it or does not work; nothing while all is well. */
function Note({ deployment, timeline }: Props) {
  const trouble = troubleOf(timeline.events, useNow(false));
  const { change } = deployment;
  return (
    <p role="status" className="text-sm text-muted empty:hidden">
      {change === 'restart' && 'OpenClaw is restarting. It will be back in a moment.'}
      {change === 'upgrade' && upgradeNote(messageOf(deployment))}
      {!change && trouble}
    </p>
  );
}

export function ReadyPage({ deployment, timeline }: Props) {
  const restart = useRestart(deployment.id);
  const [historyShown, setHistoryShown] = useState(false);
  return (
    <div className="flex flex-1 flex-col gap-3 px-3 py-3 sm:px-4">
      <DetailHeader deployment={deployment}>
        <div className="grid w-full grid-cols-2 gap-2 sm:flex sm:w-auto">
          <Button aria-expanded={historyShown} onClick={() => setHistoryShown(!historyShown)}>
            Activity
          </Button>
          <RestartButton restart={restart} change={deployment.change ?? null} />
          <DestroyButton deployment={deployment} />
          <More deployment={deployment} />
        </div>
      </DetailHeader>
      <Note deployment={deployment} timeline={timeline} />
      <ErrorAlert title="OpenClaw was not restarted" error={restart.error} />
      <div className="flex flex-1 flex-col gap-3 lg:flex-row">
        {historyShown && (
          <aside aria-label="History" className="relative lg:order-last lg:w-96 lg:shrink-0">
            {/* Beside the frame it scrolls by itself: the frame keeps its size. */}
            <div className="lg:absolute lg:inset-0 lg:overflow-y-auto">
              <History deployment={deployment} timeline={timeline} className="" />
            </div>
          </aside>
        )}
        <Frame deployment={deployment} comeback={comebackOf(timeline.events)} />
      </div>
    </div>
  );
}
