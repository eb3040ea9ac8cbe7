/* OpenClaw in its frame: asked for, loaded once, and asked for anew when that is right. */
import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { act } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../api';
import type { Comeback } from '../changes';
import { forgetLinks, prepareLink } from '../links';
import { aDeployment } from '../test-data';
import { Frame } from './Frame';

vi.mock('../api', async (original) => ({
  ...(await original<typeof api>()),
  openOpenClawDeployment: vi.fn(),
  approveOpenClawBrowser: vi.fn(),
}));

const mint = vi.mocked(api.openOpenClawDeployment);
const approve = vi.mocked(api.approveOpenClawBrowser);
const deployment = aDeployment({ status: 'READY', version: '2026.9.6' });
let made = 0;

const aLink = () => ({
  url: `https://192.0.2.7/#bootstrapToken=${++made}`,
  expiresAt: new Date(Date.now() + 600_000).toISOString(),
  approval: false,
});
const frame = () => screen.queryByTitle<HTMLIFrameElement>('OpenClaw');
const button = (name: string) => screen.getByRole('button', { name });
const opened = (n: number) => expect(frame()?.src).toMatch(new RegExp(`bootstrapToken=${n}$`));

/** An interruption from some seconds before now until now, both moved by `later`. */
const aComeback = (fields: Partial<Comeback> = {}, later = 1_000): Comeback => ({
  seq: 9,
  at: Date.now() + later,
  since: Date.now() + later - 500,
  isAnother: false,
  ...fields,
});

function element(comeback: Comeback | null = null, change: api.Change | null = null) {
  return <Frame deployment={{ ...deployment, change }} comeback={comeback} />;
}

async function draw(comeback: Comeback | null = null, change: api.Change | null = null) {
  const { rerender } = render(element(comeback, change));
  await act(() => vi.advanceTimersByTimeAsync(0));
  return async (...props: Parameters<typeof element>) => {
    rerender(element(...props));
    await act(() => vi.advanceTimersByTimeAsync(0));
  };
}

const load = () => fireEvent.load(screen.getByTitle('OpenClaw'));
const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTimeAsync });

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  made = 0;
  mint.mockReset();
  mint.mockImplementation(() => Promise.resolve(aLink()));
  approve.mockReset();
});
afterEach(() => {
  forgetLinks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('opening', () => {
  it('asks for a link, waits and says why, then shows the page', async () => {
    let answer: (link: api.OpenLink) => void = () => undefined;
    mint.mockReturnValue(new Promise((resolve) => (answer = resolve)));
    await draw();
    expect(screen.getByText('Opening OpenClaw…')).toBeInTheDocument();
    expect(screen.queryByText(/makes a key/)).not.toBeInTheDocument();
    await act(() => vi.advanceTimersByTimeAsync(3_500));
    expect(screen.getByText(/makes a key for this browser/)).toBeInTheDocument();
    expect(frame()).toBeNull();

    answer(aLink());
    await act(() => vi.advanceTimersByTimeAsync(0));
    opened(1);
    load();
    expect(screen.queryByText('Opening OpenClaw…')).not.toBeInTheDocument();
    expect(screen.getByText('2026.9.6')).toBeInTheDocument();
  });

  it('gives the page what it needs and no more', async () => {
    await draw();
    expect(frame()).toHaveAttribute('allow', 'clipboard-write; microphone');
    expect(frame()).toHaveAttribute('referrerpolicy', 'no-referrer');
    expect(frame()?.getAttribute('sandbox')?.split(' ').sort()).toEqual([
      'allow-downloads',
      'allow-forms',
      'allow-modals',
      'allow-popups',
      'allow-same-origin',
      'allow-scripts',
    ]);
  });

  it('takes the link that was prepared', async () => {
    prepareLink(deployment.id, 'frame');
    await draw();
    opened(1);
    expect(mint).toHaveBeenCalledTimes(1);
  });

  it('asks again when it is drawn again', async () => {
    const { unmount } = render(element());
    await act(() => vi.advanceTimersByTimeAsync(0));
    opened(1);
    unmount();
    await draw();
    opened(2);
  });

  it('says what is wrong, and tries again', async () => {
    mint.mockRejectedValueOnce(new api.ApiError(502, 'The machine does not answer.'));
    await draw();
    expect(screen.getByRole('alert')).toHaveTextContent('The machine does not answer.');
    await user.click(button('Try again'));
    opened(1);
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
  });
});

describe('reconnecting', () => {
  it('has its link made while somebody comes near the button', async () => {
    await draw();
    load();
    fireEvent.pointerEnter(button('Reconnect'));
    fireEvent.focus(button('Reconnect'));
    await act(() => vi.advanceTimersByTimeAsync(0));
    expect(mint).toHaveBeenCalledTimes(2);
    opened(1);
    fireEvent.click(button('Reconnect'));
    await act(() => vi.advanceTimersByTimeAsync(0));
    opened(2);
    expect(mint).toHaveBeenCalledTimes(2);
  });

  it('asks a machine for nothing that is being restarted', async () => {
    await draw(null, 'restart');
    fireEvent.pointerEnter(button('Reconnect'));
    fireEvent.pointerEnter(button('Open in new tab'));
    expect(mint).toHaveBeenCalledTimes(1);
  });

  it('loads a new link in a new frame', async () => {
    await draw();
    load();
    const before = frame();
    await user.click(button('Reconnect'));
    opened(2);
    expect(frame()).not.toBe(before);
  });

  it('leaves a page alone that connects again by itself', async () => {
    const redraw = await draw();
    load();
    await redraw(aComeback());
    opened(1);
    expect(mint).toHaveBeenCalledTimes(1);
  });

  it('opens a page again that was opened into the interruption', async () => {
    const redraw = await draw();
    load();
    await redraw(aComeback({ since: Date.now() - 5_000 }));
    opened(2);
  });

  it('opens a page again that never came', async () => {
    const redraw = await draw();
    await redraw(aComeback());
    opened(2);
  });

  it('goes on loading when the interruption had ended before', async () => {
    const redraw = await draw();
    await redraw(aComeback({ since: Infinity }));
    opened(1);
  });

  it('opens another OpenClaw than before, once', async () => {
    const redraw = await draw();
    load();
    const comeback = aComeback({ isAnother: true }, 60_000);
    await redraw(comeback);
    opened(2);
    load();
    await redraw({ ...comeback });
    opened(2);
  });

  it('has nothing to do with what was before', async () => {
    await draw(aComeback({ isAnother: true }, -60_000));
    opened(1);
  });

  it('tries again when OpenClaw is back, also if that was while it asked', async () => {
    mint.mockRejectedValueOnce(new api.ApiError(504, 'No answer.'));
    const redraw = await draw(null, 'restart');
    expect(screen.getByText(/opens by itself when it is back/)).toBeInTheDocument();
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
    await redraw(aComeback());
    opened(1);
  });
});

describe('a page that waits to be approved', () => {
  const drawWaiting = async () => {
    mint.mockImplementation(() => Promise.resolve({ ...aLink(), approval: true }));
    await draw();
  };

  it('is approved once it is loaded, and connects by itself', async () => {
    let answer: () => void = () => undefined;
    approve.mockReturnValue(new Promise((resolve) => (answer = () => resolve(undefined))));
    await drawWaiting();
    const before = frame();
    expect(approve).not.toHaveBeenCalled();
    load();
    expect(approve.mock.calls).toEqual([[deployment.id]]);
    expect(screen.getByText('Letting this browser in…')).toBeInTheDocument();
    load(); // as some pages do again
    answer();
    await act(() => vi.advanceTimersByTimeAsync(0));
    expect(screen.queryByText('Letting this browser in…')).not.toBeInTheDocument();
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
    expect(frame()).toBe(before);
    expect(approve).toHaveBeenCalledTimes(1);
  });

  it('stays in sight when it is not approved, with the reason, and Reconnect begins anew', async () => {
    approve.mockRejectedValueOnce(new api.ApiError(409, 'More than one browser waits.'));
    await drawWaiting();
    load();
    await act(() => vi.advanceTimersByTimeAsync(0));
    expect(screen.getByRole('alert')).toHaveTextContent('More than one browser waits.');
    expect(screen.queryByText('Letting this browser in…')).not.toBeInTheDocument();
    expect(frame()).toBeVisible();

    approve.mockResolvedValue(undefined);
    await user.click(button('Reconnect'));
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
    load();
    await act(() => vi.advanceTimersByTimeAsync(0));
    expect(approve).toHaveBeenCalledTimes(2);
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
  });

  it('is not spoken of any more when another was opened meanwhile', async () => {
    let refuse: (error: Error) => void = () => undefined;
    approve.mockReturnValueOnce(new Promise((_, reject) => (refuse = reject)));
    await drawWaiting();
    load();
    mint.mockImplementation(() => Promise.resolve(aLink()));
    await user.click(button('Reconnect'));
    load();
    refuse(new api.ApiError(409, 'More than one browser waits.'));
    await act(() => vi.advanceTimersByTimeAsync(0));
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
    expect(approve).toHaveBeenCalledTimes(1);
  });
});

describe('a new tab', () => {
  const aTab = () => ({
    closed: false,
    opener: window,
    document: document.implementation.createHTMLDocument(),
    location: { replace: vi.fn<(url: string) => void>() },
    close: vi.fn(),
  });

  it('is opened within the click, without a way back, and filled with a link of its own', async () => {
    const tab = aTab();
    const open = vi.fn(() => tab);
    vi.stubGlobal('open', open);
    await draw();
    let answer: (link: api.OpenLink) => void = () => undefined;
    mint.mockReturnValue(new Promise((resolve) => (answer = resolve)));
    await user.click(button('Open in new tab'));
    expect(open).toHaveBeenCalledWith('about:blank', '_blank');
    expect(tab.opener).toBeNull();
    expect(tab.document.body.textContent).toContain('Opening OpenClaw');
    expect(button('Open in new tab')).toBeDisabled();

    answer(aLink());
    await act(() => vi.advanceTimersByTimeAsync(0));
    expect(tab.location.replace).toHaveBeenCalledWith(expect.stringMatching(/bootstrapToken=2$/));
    expect(button('Open in new tab')).toBeEnabled();
    opened(1);
  });

  it('is approved when it has to be, and stays when it is not', async () => {
    const tab = aTab();
    vi.stubGlobal('open', () => tab);
    await draw();
    mint.mockImplementation(() => Promise.resolve({ ...aLink(), approval: true }));
    let refuse: (error: Error) => void = () => undefined;
    approve.mockReturnValueOnce(new Promise((_, reject) => (refuse = reject)));
    await user.click(button('Open in new tab'));
    expect(tab.location.replace).toHaveBeenCalledTimes(1);
    expect(approve.mock.calls).toEqual([[deployment.id]]);
    expect(screen.getByText('Letting the new tab in…')).toBeInTheDocument();
    expect(button('Open in new tab')).toBeDisabled();
    refuse(new api.ApiError(409, 'More than one browser waits.'));
    await act(() => vi.advanceTimersByTimeAsync(0));
    expect(screen.getByRole('alert')).toHaveTextContent('More than one browser waits.');
    expect(tab.close).not.toHaveBeenCalled();
    expect(button('Open in new tab')).toBeEnabled();
  });

  it('is closed again when there is no link', async () => {
    const tab = aTab();
    vi.stubGlobal('open', () => tab);
    await draw();
    mint.mockRejectedValue(new api.ApiError(503, 'Too many are waiting.'));
    await user.click(button('Open in new tab'));
    expect(tab.close).toHaveBeenCalled();
    expect(tab.location.replace).not.toHaveBeenCalled();
    expect(screen.getByRole('alert')).toHaveTextContent('Too many are waiting.');
  });

  it('that the browser does not allow is explained', async () => {
    vi.stubGlobal('open', () => null);
    await draw();
    fireEvent.click(button('Open in new tab'));
    await act(() => vi.advanceTimersByTimeAsync(0));
    expect(screen.getByRole('alert')).toHaveTextContent('Allow pop-ups');
    expect(mint).toHaveBeenCalledTimes(1);
  });
});
