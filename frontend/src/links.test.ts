/* Links: handed out once, never too old, asked for no oftener than needed. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from './api';
import { forgetLinks, prepareLink, prepareLinkOnSight, takeLink } from './links';

vi.mock('./api', async (original) => ({
  ...(await original<typeof api>()),
  openOpenClawDeployment: vi.fn(),
}));

const mint = vi.mocked(api.openOpenClawDeployment);
const MINUTE = 60_000;
let made = 0;

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * MINUTE).toISOString();
const aLink = (minutes = 10) => ({
  url: `https://192.0.2.7/#bootstrapToken=${++made}`,
  expiresAt: inMinutes(minutes),
  approval: false,
});

beforeEach(() => {
  sessionStorage.clear();
  vi.useFakeTimers();
  made = 0;
  mint.mockReset();
  mint.mockImplementation(() => Promise.resolve(aLink()));
});
afterEach(() => {
  forgetLinks();
  vi.useRealTimers();
});

const number = (link: api.OpenLink | null) => Number(/\d+$/.exec(link?.url ?? '')?.[0]);

describe('a page that is looked at', () => {
  it('has a link made once a minute at most, however often it is loaded', () => {
    for (const id of ['a', 'a', 'b']) {
      prepareLinkOnSight(id);
      forgetLinks(); // as a page that is loaded again does
    }
    expect(mint.mock.calls).toEqual([['a'], ['b']]);
    vi.advanceTimersByTime(MINUTE);
    prepareLinkOnSight('a');
    expect(mint).toHaveBeenCalledTimes(3);
    expect(JSON.stringify(sessionStorage)).not.toContain('bootstrapToken');
  });
});

describe('a prepared link', () => {
  it('is the one that is handed out, and to nobody else', async () => {
    prepareLink('a', 'frame');
    expect(number(await takeLink('a', 'frame'))).toBe(1);
    expect(mint).toHaveBeenCalledTimes(1);
    expect(number(await takeLink('a', 'frame'))).toBe(2);
  });

  it('is asked for once, however often it is prepared', async () => {
    prepareLink('a', 'frame');
    prepareLink('a', 'frame');
    await vi.advanceTimersByTimeAsync(0);
    prepareLink('a', 'frame');
    expect(mint).toHaveBeenCalledTimes(1);
  });

  it('belongs to one deployment and one purpose', async () => {
    prepareLink('a', 'frame');
    expect(number(await takeLink('a', 'tab'))).toBe(2);
    expect(number(await takeLink('b', 'frame'))).toBe(3);
    expect(number(await takeLink('a', 'frame'))).toBe(1);
  });

  it('is not handed out in its last minute', async () => {
    prepareLink('a', 'frame');
    await vi.advanceTimersByTimeAsync(8 * MINUTE);
    prepareLink('a', 'frame');
    expect(mint).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1.5 * MINUTE);
    expect(number(await takeLink('a', 'frame'))).toBe(2);
  });

  it('is no more than a try: what failed is asked for again when it is needed', async () => {
    mint.mockRejectedValueOnce(new api.ApiError(503, 'Busy.'));
    prepareLink('a', 'frame');
    await vi.advanceTimersByTimeAsync(0);
    expect(number(await takeLink('a', 'frame'))).toBe(1);
  });

  it('is forgotten when its machine changed, or whoever asked has gone', async () => {
    prepareLink('a', 'frame');
    prepareLink('b', 'frame');
    forgetLinks('a');
    expect(number(await takeLink('a', 'frame'))).toBe(3);
    forgetLinks();
    expect(number(await takeLink('b', 'frame'))).toBe(4);
  });
});

describe('taking', () => {
  it('gives each of two takers a link of their own', async () => {
    const both = await Promise.all([takeLink('a', 'frame'), takeLink('a', 'frame')]);
    expect(both.map(number)).toEqual([1, 2]);
  });

  it('keeps a link that is no longer wanted for whoever asks next', async () => {
    expect(await takeLink('a', 'frame', () => false)).toBeNull();
    expect(number(await takeLink('a', 'frame'))).toBe(1);
    expect(mint).toHaveBeenCalledTimes(1);
  });

  it('says why there is none', async () => {
    mint.mockRejectedValueOnce(new api.ApiError(502, 'The machine does not answer.'));
    await expect(takeLink('a', 'frame')).rejects.toThrow('The machine does not answer.');
    expect(number(await takeLink('a', 'frame'))).toBe(1);
  });

  it('does not hand out what came too old, and does not ask for ever', async () => {
    mint.mockImplementation(() => Promise.resolve(aLink(0)));
    await expect(takeLink('a', 'frame')).rejects.toThrow('came too late');
    expect(mint).toHaveBeenCalledTimes(2);
  });

  it('holds only so many', async () => {
    for (let i = 0; i < 25; i++) prepareLink(`d${i}`, 'frame');
    await vi.advanceTimersByTimeAsync(0);
    expect(number(await takeLink('d24', 'frame'))).toBe(25);
    expect(number(await takeLink('d0', 'frame'))).toBe(26);
  });
});
