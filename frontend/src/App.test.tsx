/* The way in: no session leads to the sign-in page and from there back to where one was. */
import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter } from 'react-router';
import { beforeEach, expect, it, vi } from 'vitest';
import * as api from './api';
import { App } from './App';
import { createQueryClient } from './session';

vi.mock('./api', async (original) => ({
  ...(await original<typeof api>()),
  getMe: vi.fn(),
  signIn: vi.fn(),
  signOut: vi.fn(),
  getOpenClawDeployments: vi.fn(),
  getOpenClawDeployment: vi.fn(),
}));

const user = { id: '1', email: 'demo@example.org' };

function visit(path: string) {
  render(
    <QueryClientProvider client={createQueryClient()}>
      <MemoryRouter initialEntries={[path]}>
        <App />
      </MemoryRouter>
    </QueryClientProvider>,
  );
}

async function fillIn() {
  await userEvent.type(await screen.findByLabelText('Email'), user.email);
  await userEvent.type(screen.getByLabelText('Password'), 'correct horse');
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
}

beforeEach(() => {
  vi.resetAllMocks();
  vi.mocked(api.getOpenClawDeployments).mockResolvedValue([]);
});

it('returns to the page one wanted after signing in', async () => {
  vi.mocked(api.getMe).mockResolvedValue(null);
  vi.mocked(api.signIn).mockResolvedValue({ user });
  vi.mocked(api.getOpenClawDeployment).mockRejectedValue(new api.ApiError(404, 'Not found.'));
  visit('/openclaw/some-id');
  await fillIn();
  expect(await screen.findByRole('heading', { name: 'No such OpenClaw' })).toBeInTheDocument();
});

it('shows why signing in failed', async () => {
  vi.mocked(api.getMe).mockResolvedValue(null);
  vi.mocked(api.signIn).mockRejectedValue(new api.ApiError(401, 'The password is wrong.'));
  visit('/dashboard');
  await fillIn();
  expect(await screen.findByRole('alert')).toHaveTextContent('The password is wrong.');
});

it('asks to sign in again when the session has ended', async () => {
  vi.mocked(api.getMe).mockResolvedValue(user);
  vi.mocked(api.getOpenClawDeployments).mockRejectedValue(new api.ApiError(401, 'Sign in.'));
  visit('/dashboard');
  expect(await screen.findByText(/Your session has ended/)).toBeInTheDocument();
});

it('signs out', async () => {
  vi.mocked(api.getMe).mockResolvedValue(user);
  vi.mocked(api.signOut).mockResolvedValue(undefined);
  visit('/dashboard');
  await userEvent.click(await screen.findByRole('button', { name: 'Sign out' }));
  expect(await screen.findByRole('heading', { name: 'Sign in' })).toBeInTheDocument();
  expect(screen.queryByText(/session has ended/)).not.toBeInTheDocument();
});

it('has a page for addresses that lead nowhere', async () => {
  visit('/nowhere');
  expect(await screen.findByRole('heading', { name: 'Page not found' })).toBeInTheDocument();
});
