/* The OpenClaw section in each of its states, with the API replaced. */
import { QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { act } from 'react';
import { MemoryRouter } from 'react-router';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../api';
import type { Deployment } from '../api';
import { forgetLinks } from '../links';
import { createQueryClient } from '../session';
import { aDeployment } from '../test-data';
import { OpenClawSection } from './OpenClawSection';

vi.mock('../api', async (original) => ({
  ...(await original<typeof api>()),
  getOpenClawDeployments: vi.fn(),
  deployOpenClaw: vi.fn(),
  destroyOpenClawDeployment: vi.fn(),
  restartOpenClawDeployment: vi.fn(),
  retryOpenClawDeployment: vi.fn(),
  openOpenClawDeployment: vi.fn(),
}));

const list = vi.mocked(api.getOpenClawDeployments);
const deploy = vi.mocked(api.deployOpenClaw);
const destroy = vi.mocked(api.destroyOpenClawDeployment);
const mint = vi.mocked(api.openOpenClawDeployment);
const retry = vi.mocked(api.retryOpenClawDeployment);

function show(...deployments: Deployment[]) {
  list.mockResolvedValue(deployments);
  draw();
}

function draw() {
  render(
    <QueryClientProvider client={createQueryClient()}>
      <MemoryRouter>
        <OpenClawSection />
      </MemoryRouter>
    </QueryClientProvider>,
  );
}

const button = (name: string) => screen.findByRole('button', { name });

beforeEach(() => {
  sessionStorage.clear();
  vi.resetAllMocks();
  forgetLinks();
  mint.mockReturnValue(new Promise(() => undefined));
});

describe('without a deployment', () => {
  it('invites to deploy', async () => {
    show();
    expect(await button('Deploy OpenClaw')).toBeEnabled();
  });

  it('treats a destroyed one as none', async () => {
    show(aDeployment({ status: 'DESTROYED' }));
    expect(await button('Deploy OpenClaw')).toBeInTheDocument();
    expect(screen.queryByRole('article')).not.toBeInTheDocument();
  });

  it('deploys once on a double click, then shows the steps', async () => {
    let answer: (deployment: Deployment) => void = () => undefined;
    deploy.mockReturnValue(new Promise((resolve) => (answer = resolve)));
    show();
    await userEvent.dblClick(await button('Deploy OpenClaw'));
    expect(await button('Deploying')).toBeDisabled();
    expect(deploy).toHaveBeenCalledTimes(1);

    list.mockResolvedValue([aDeployment()]);
    answer(aDeployment());
    expect(await screen.findByRole('article', { name: 'my-claw' })).toBeInTheDocument();
    expect(screen.getAllByRole('listitem')).toHaveLength(4);
  });

  it('keeps the key while the outcome is unknown and takes a new one after a refusal', async () => {
    deploy
      .mockRejectedValueOnce(new api.ApiError(0, 'The server cannot be reached.'))
      .mockRejectedValueOnce(new api.ApiError(422, 'Not possible.'))
      .mockRejectedValueOnce(new api.ApiError(422, 'Not possible.'));
    show();
    for (const message of ['The server cannot be reached.', 'Not possible.', 'Not possible.']) {
      await userEvent.click(await button('Deploy OpenClaw'));
      await waitFor(() => expect(screen.getByRole('alert')).toHaveTextContent(message));
    }
    const [first, second, third] = deploy.mock.calls.map(([key]) => key);
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });
});

describe('with deployments', () => {
  it('shows progress while deploying', async () => {
    show(aDeployment({ status: 'INSTALLING', statusMessage: 'Installing its skills' }));
    const card = await screen.findByRole('article', { name: 'my-claw' });
    expect(within(card).getByText('Installing its skills')).toBeInTheDocument();
    const active = within(card)
      .getAllByRole('listitem')
      .find((step) => step.getAttribute('aria-current') === 'step');
    expect(active).toHaveTextContent('Installing OpenClaw');
    expect(screen.queryByRole('link', { name: 'Open' })).not.toBeInTheDocument();
  });

  it('offers a ready one to open', async () => {
    show(aDeployment({ status: 'READY', ipAddress: '51.81.20.14' }));
    expect(await screen.findByRole('link', { name: 'Open' })).toHaveAttribute(
      'href',
      '/openclaw/0197c2f1-8a3b-7c4d-9e5f-3b6c2f90ab12',
    );
    expect(screen.getByText('Ready')).toBeInTheDocument();
    expect(screen.getByText('51.81.20.14')).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Restart' })).toBeEnabled();
    expect(screen.getByRole('button', { name: 'Deploy another' })).toBeEnabled();
  });

  it.each([
    ['the pointer', fireEvent.pointerEnter],
    ['the focus', fireEvent.focus],
    ['a finger', fireEvent.touchStart],
  ])('has the link of a ready one made when %s comes near, and no other', async (_, comes) => {
    show(
      aDeployment({ id: 'a', name: 'one', status: 'READY' }),
      aDeployment({ id: 'b', name: 'two', status: 'READY' }),
      aDeployment({ id: 'c', name: 'three', status: 'INSTALLING' }),
    );
    expect(await screen.findAllByRole('article')).toHaveLength(3);
    expect(mint.mock.calls).toEqual([['a']]); // the newest: nobody had to come near
    const names = ['two', 'three', 'two', 'one'];
    for (const name of names) comes(screen.getByRole('article', { name }));
    expect(mint.mock.calls).toEqual([['a'], ['b']]);
  });

  it('has the link of the newest ready one made when it is first seen, and no other', async () => {
    const [a, b] = [
      aDeployment({ id: 'a', name: 'one', status: 'INSTALLING' }),
      aDeployment({ id: 'b', name: 'two', status: 'READY' }),
    ];
    show(a, b, aDeployment({ id: 'c', name: 'three', status: 'READY' }));
    expect(await screen.findAllByRole('article')).toHaveLength(3);
    expect(mint.mock.calls).toEqual([['b']]);
  });

  it('leaves a machine alone that is being restarted', async () => {
    show(aDeployment({ status: 'READY', change: 'restart' }));
    await screen.findByRole('article');
    expect(mint).not.toHaveBeenCalled();
  });

  it('asks for nothing in a tab that nobody sees, until somebody does', async () => {
    const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    show(aDeployment({ id: 'a', status: 'READY' }));
    await screen.findByRole('article');
    fireEvent(document, new Event('visibilitychange'));
    expect(mint).not.toHaveBeenCalled();
    visibility.mockReturnValue('visible');
    fireEvent(document, new Event('visibilitychange'));
    fireEvent(document, new Event('visibilitychange'));
    expect(mint.mock.calls).toEqual([['a']]);
    visibility.mockRestore();
  });

  it('asks once when it is seen and once when somebody comes, even if that was of no use', async () => {
    mint.mockRejectedValue(new api.ApiError(503, 'Busy.'));
    show(aDeployment({ status: 'READY' }));
    const card = await screen.findByRole('article');
    for (let i = 0; i < 3; i++) {
      fireEvent.pointerEnter(card);
      await act(() => Promise.resolve());
    }
    expect(mint).toHaveBeenCalledTimes(2);
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
  });

  it('says what went wrong and retries', async () => {
    show(aDeployment({ status: 'ERROR', statusMessage: 'OVH refused the payment.' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('OVH refused the payment.');
    const ordering = aDeployment({ status: 'ORDERING' });
    retry.mockResolvedValue(ordering);
    list.mockResolvedValue([ordering]);
    await userEvent.click(await button('Retry'));
    expect(retry).toHaveBeenCalledWith('0197c2f1-8a3b-7c4d-9e5f-3b6c2f90ab12');
    expect(await screen.findByText('Ordering')).toBeInTheDocument();
  });

  it('destroys only after the dialog was confirmed', async () => {
    show(aDeployment({ status: 'READY' }));
    await userEvent.click(await button('Destroy'));
    const dialog = screen.getByRole('dialog', { name: 'Destroy my-claw?' });
    expect(dialog).toHaveTextContent('lost for good');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
    expect(destroy).not.toHaveBeenCalled();

    const destroying = aDeployment({ status: 'DESTROYING' });
    destroy.mockResolvedValue(destroying);
    list.mockResolvedValue([destroying]);
    await userEvent.click(await button('Destroy'));
    await userEvent.click(
      within(screen.getByRole('dialog')).getByRole('button', { name: 'Destroy' }),
    );
    expect(await screen.findByText('Destroying')).toBeInTheDocument();
    expect(destroy).toHaveBeenCalledTimes(1);
  });

  it('shows every one that is not destroyed', async () => {
    show(
      aDeployment({ id: 'a', name: 'one', status: 'ORDERING' }),
      aDeployment({ id: 'b', name: 'two', status: 'DESTROYED' }),
      aDeployment({ id: 'c', name: 'three', status: 'DESTROYING' }),
    );
    expect(await screen.findAllByRole('article')).toHaveLength(2);
  });

  it('explains when the list cannot be read', async () => {
    list.mockRejectedValue(new api.ApiError(400, 'That makes no sense.'));
    draw();
    expect(await screen.findByRole('alert')).toHaveTextContent('That makes no sense.');
  });
});
