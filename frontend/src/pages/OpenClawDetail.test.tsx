/* The page of one OpenClaw: what is offered in which state, and what its dialogs say and do. */
import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter, Route, Routes } from 'react-router';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../api';
import type { Deployment, TimelineEvent } from '../api';
import { forgetLinks } from '../links';
import { createQueryClient } from '../session';
import { aDeployment, anEvent } from '../test-data';
import { OpenClawDetail } from './OpenClawDetail';

vi.mock('../api', async (original) => ({
  ...(await original<typeof api>()),
  getOpenClawDeployment: vi.fn(),
  getTimeline: vi.fn(),
  getLog: vi.fn(),
  openTimeline: vi.fn(),
  openOpenClawDeployment: vi.fn(),
  reinstallOpenClawDeployment: vi.fn(),
  upgradeOpenClawDeployment: vi.fn(),
}));

const mint = vi.mocked(api.openOpenClawDeployment);
const reinstall = vi.mocked(api.reinstallOpenClawDeployment);
const upgrade = vi.mocked(api.upgradeOpenClawDeployment);
const ready = aDeployment({
  status: 'READY',
  ipAddress: '192.0.2.7',
  version: '2026.9.6',
  availableVersion: '2026.10.1',
});
const link = {
  url: 'https://192.0.2.7/#bootstrapToken=x',
  expiresAt: new Date(Date.now() + 600_000).toISOString(),
  approval: false,
};

function show(deployment: Deployment, ...events: TimelineEvent[]) {
  vi.mocked(api.getOpenClawDeployment).mockResolvedValue(deployment);
  vi.mocked(api.getTimeline).mockResolvedValue(events);
  render(
    <QueryClientProvider client={createQueryClient()}>
      <MemoryRouter initialEntries={[`/openclaw/${deployment.id}`]}>
        <Routes>
          <Route path="/openclaw/:id" element={<OpenClawDetail />} />
        </Routes>
      </MemoryRouter>
    </QueryClientProvider>,
  );
}

/** An event of `seconds` ago. */
const lately = (seconds: number, seq: number, type: string, message = '') => ({
  ...anEvent(seq, type, message),
  at: new Date(Date.now() - seconds * 1000).toISOString(),
});

async function choose(item: string) {
  await userEvent.click(await screen.findByRole('button', { name: /^More/ }));
  await userEvent.click(screen.getByRole('menuitem', { name: item }));
  return screen.getByRole('dialog');
}

const press = (scope: HTMLElement, name: string) =>
  userEvent.click(within(scope).getByRole('button', { name }));

beforeEach(() => {
  vi.resetAllMocks();
  forgetLinks();
  mint.mockResolvedValue(link);
  vi.mocked(api.getLog).mockResolvedValue({ lines: [], next: 0 });
  vi.mocked(api.openTimeline).mockReturnValue({
    addEventListener: vi.fn(),
    close: vi.fn(),
  } as unknown as EventSource);
});

describe('a ready one', () => {
  it('opens, and shows its version quietly', async () => {
    show(ready);
    expect(await screen.findByTitle('OpenClaw')).toHaveAttribute('src', link.url);
    expect(screen.getByText('2026.9.6')).toHaveTextContent('(2026.10.1 is available)');
  });

  it('does without versions', async () => {
    show(aDeployment({ status: 'READY' }));
    expect(await screen.findByTitle('OpenClaw')).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'More' }));
    expect(screen.getAllByRole('menuitem')).toHaveLength(1);
    expect(screen.queryByText(/is available/)).not.toBeInTheDocument();
  });

  it('is reinstalled after a plain warning', async () => {
    show(ready);
    const dialog = await choose('Reinstall');
    expect(dialog).toHaveTextContent(/erased for good.*chats, files, settings/);
    expect(dialog).toHaveTextContent(/stays.*192\.0\.2\.7.*spending limit/);
    await press(dialog, 'Cancel');
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
    expect(reinstall).not.toHaveBeenCalled();

    const provisioning = { ...ready, status: 'PROVISIONING' as const };
    reinstall.mockResolvedValue(provisioning);
    vi.mocked(api.getOpenClawDeployment).mockResolvedValue(provisioning);
    await press(await choose('Reinstall'), 'Erase and reinstall');
    expect(await screen.findByRole('list', { name: 'Progress' })).toBeInTheDocument();
    expect(screen.queryByTitle('OpenClaw')).not.toBeInTheDocument();
    expect(reinstall).toHaveBeenCalledTimes(1);
  });

  it('shows why it is not reinstalled, and not again the next time', async () => {
    reinstall.mockRejectedValue(new api.ApiError(409, 'It is being destroyed.'));
    show(ready);
    const dialog = await choose('Reinstall');
    await press(dialog, 'Erase and reinstall');
    expect(await within(dialog).findByRole('alert')).toHaveTextContent('It is being destroyed.');
    await press(dialog, 'Cancel');
    expect(within(await choose('Reinstall')).queryByRole('alert')).not.toBeInTheDocument();
  });

  it('is upgraded after saying what happens', async () => {
    upgrade.mockResolvedValue(ready);
    show(ready);
    const dialog = await choose('Upgrade to 2026.10.1');
    expect(dialog).toHaveAccessibleName('Upgrade my-claw to 2026.10.1?');
    expect(dialog).toHaveTextContent(/backup is made first.*comes back by itself/);
    await press(dialog, 'Upgrade');
    expect(upgrade).toHaveBeenCalledTimes(1);
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  });

  it('says that it is being upgraded, and offers neither that nor a restart meanwhile', async () => {
    show({ ...ready, change: 'upgrade', statusMessage: 'Making a backup' });
    expect(await screen.findByText('OpenClaw is being upgraded. Making a backup')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Restart' })).toBeDisabled();
    await userEvent.click(screen.getByRole('button', { name: 'More' }));
    const item = screen.getByRole('menuitem', { name: 'Upgrading to 2026.10.1' });
    expect(item).toHaveAttribute('aria-disabled', 'true');
    await userEvent.click(item);
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
    expect(screen.getByRole('menuitem', { name: 'Reinstall' })).not.toHaveAttribute(
      'aria-disabled',
    );
  });

  it('does not say twice that it is being upgraded', async () => {
    show({ ...ready, change: 'upgrade', statusMessage: 'Upgrading OpenClaw to 2026.10.1' });
    expect(await screen.findByText('Upgrading OpenClaw to 2026.10.1')).toBeVisible();
    expect(screen.queryByText(/is being upgraded/)).not.toBeInTheDocument();
  });

  it('says that it restarts, as long as the server does', async () => {
    show({ ...ready, change: 'restart' }, lately(9, 1, 'instance.restarted'));
    expect(await screen.findByText(/OpenClaw is restarting/)).toBeVisible();
    expect(screen.getByRole('button', { name: 'Restarting' })).toBeDisabled();
    await userEvent.click(screen.getByRole('button', { name: /^More/ }));
    const item = screen.getByRole('menuitem', { name: 'Upgrade to 2026.10.1' });
    expect(item).toHaveAttribute('aria-disabled', 'true');
  });

  it('believes the server that nothing is under way', async () => {
    show({ ...ready, change: null }, lately(9, 1, 'deployment.restart-requested'));
    expect(await screen.findByRole('button', { name: 'Restart' })).toBeEnabled();
    expect(screen.queryByText(/OpenClaw is restarting/)).not.toBeInTheDocument();
  });

  it('says what does not work', async () => {
    show(ready, lately(9, 1, 'instance.change-failed', 'The upgrade failed: the disk is full'));
    expect(await screen.findByText(/the disk is full/)).toBeVisible();
  });
});

describe('one that failed', () => {
  const failed = { ...ready, status: 'ERROR' as const };

  it('is retried or reinstalled', async () => {
    reinstall.mockResolvedValue({ ...ready, status: 'PROVISIONING' });
    show(failed);
    expect(await screen.findByRole('button', { name: 'Retry' })).toBeEnabled();
    await userEvent.click(screen.getByRole('button', { name: 'Reinstall' }));
    await press(screen.getByRole('dialog'), 'Erase and reinstall');
    expect(reinstall).toHaveBeenCalledTimes(1);
    expect(mint).not.toHaveBeenCalled();
  });

  it('is only retried before there is a server', async () => {
    show({ ...failed, ipAddress: null });
    expect(await screen.findByRole('button', { name: 'Retry' })).toBeEnabled();
    expect(screen.queryByRole('button', { name: 'Reinstall' })).not.toBeInTheDocument();
  });
});
