/*
 * The only file that talks to the API: its data types, one function per route, and one error class
 * whose message a person can read. The session travels in a cookie, so no function takes a token.
 */
import { safeUrl } from './steps';

export type DeploymentStatus =
  | 'PENDING'
  | 'ORDERING'
  | 'PROVISIONING'
  | 'INSTALLING'
  | 'READY'
  | 'ERROR'
  | 'DESTROYING'
  | 'DESTROYED';

export type StepState = 'waiting' | 'active' | 'done' | 'failed';

export interface Step {
  key: string;
  title: string;
  state: StepState;
  startedAt: string | null;
  finishedAt: string | null;
}

/** What is done to an OpenClaw that stays ready. */
export type Change = 'restart' | 'upgrade';

export interface Deployment {
  id: string;
  name: string;
  status: DeploymentStatus;
  statusMessage: string | null;
  ipAddress: string | null;
  url: string | null;
  createdAt: string;
  updatedAt: string;
  readyAt: string | null;
  destroyedAt: string | null;
  steps: Step[];
  /** OpenClaw's version on the machine, and a newer one that it can be brought to. */
  version?: string | null;
  availableVersion?: string | null;
  /** What is being done to a ready one; one at a time. */
  change?: Change | null;
}

/** A way into an OpenClaw without signing in there: whoever has it is its owner, once. */
export interface OpenLink {
  url: string;
  expiresAt: string;
  /** The page behind it waits until this browser is approved. */
  approval: boolean;
}

export interface TimelineEvent {
  seq: number;
  at: string;
  type: string;
  stage: string;
  status: string;
  message: string;
}

export interface LogLine {
  n: number;
  at: string;
  stage: string;
  text: string;
}

export interface LogPage {
  lines: LogLine[];
  next: number;
}

export interface User {
  id: string;
  email: string;
}

export interface Credentials {
  email: string;
  password: string;
}

/** Anything that went wrong with a call. `status` is 0 when no answer came at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** The answer is unknown or the trouble may pass: asking again can help. */
  get isTemporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

const DEADLINE_MS = 15_000;
/* A link is made on the machine itself, for which the server waits up to 25 s. */
const OPEN_DEADLINE_MS = 30_000;
const LONGEST_MESSAGE = 500;
const nonsense = 'The server sent an answer that makes no sense. Please try again.';

/* How far the server's clock is ahead of ours; elapsed times must not depend on a wrong local clock. */
let clockOffsetMs = 0;

/** The time of day as the server sees it, in milliseconds. */
export function serverNow(): number {
  return Date.now() + clockOffsetMs;
}

function learnClock(response: Response): void {
  const server = Date.parse(response.headers.get('date') ?? '');
  const offset = server - Date.now();
  /* The header has whole seconds, so a small difference says nothing. */
  if (!Number.isNaN(offset)) clockOffsetMs = Math.abs(offset) > 2_000 ? offset : 0;
}

const fallbackMessages: Record<number, string> = {
  401: 'Please sign in to go on.',
  403: 'You are not allowed to do this.',
  404: 'This was not found.',
  409: 'This is not possible right now. The page shows the latest state.',
  413: 'That is too large to send.',
  429: 'Too many requests. Please wait a moment and try again.',
  503: 'The service is busy or starting. Please try again in a moment.',
};

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

/** Turns a failed answer (problem+json, or anything else) into an error with a readable message. */
export async function errorFrom(response: Response): Promise<ApiError> {
  let message: string | null = null;
  if (/[/+]json\b/.test(response.headers.get('content-type') ?? '')) {
    const problem: unknown = await response.json().catch(() => null);
    if (typeof problem === 'object' && problem !== null) {
      const { title, detail } = problem as { title?: unknown; detail?: unknown };
      message = textOf(detail) ?? textOf(title);
    }
  }
  message ??= fallbackMessages[response.status] ?? null;
  message ??= `The server answered in an unexpected way (${response.status}). Please try again.`;
  const wait = Number(response.headers.get('retry-after'));
  if (response.status === 429 && wait > 0) message += ` (in ${Math.ceil(wait)} s)`;
  return new ApiError(response.status, message.slice(0, LONGEST_MESSAGE));
}

interface Call {
  method?: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  deadlineMs?: number;
}

async function send(call: Call, path: string) {
  const { method = 'GET', body, headers = {}, signal, deadlineMs = DEADLINE_MS } = call;
  const deadline = AbortSignal.timeout(deadlineMs);
  const init: RequestInit = {
    method,
    credentials: 'same-origin',
    headers: {
      Accept: 'application/json',
      ...(method === 'POST' ? { 'Content-Type': 'application/json' } : {}),
      ...headers,
    },
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
  };
  /* A POST always carries a body, so that the server sees a Content-Length. */
  if (method === 'POST') init.body = JSON.stringify(body ?? {});
  try {
    return await fetch(`/api${path}`, init);
  } catch (cause) {
    if (signal?.aborted) throw cause;
    if (deadline.aborted) throw new ApiError(0, 'The answer takes too long. Please try again.');
    throw new ApiError(0, 'The server cannot be reached. Check your connection and try again.');
  }
}

async function request<T>(path: string, call: Call = {}): Promise<T> {
  const response = await send(call, path);
  learnClock(response);
  if (!response.ok) throw await errorFrom(response);
  if (response.status === 204) return undefined as T;
  const text = await response.text().catch(() => '');
  if (text === '' && call.method && call.method !== 'GET') return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError(0, nonsense);
  }
}

const deploymentPath = (id: string) => `/openclaw/deployments/${encodeURIComponent(id)}`;

export const signIn = (credentials: Credentials) =>
  request<{ user: User }>('/auth/sign-in', { method: 'POST', body: credentials });

export const signUp = (credentials: Credentials) =>
  request<{ user: User }>('/auth/sign-up', { method: 'POST', body: credentials });

export const signOut = () => request<undefined>('/auth/sign-out', { method: 'POST' });

/** Who is signed in; null when nobody is. */
export async function getMe(signal?: AbortSignal): Promise<User | null> {
  try {
    return (await request<{ user: User }>('/auth/me', { signal })).user;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** The deployment in an answer, which may be the answer itself, wrapped once, or absent. */
function deploymentIn(answer: unknown): Deployment | null {
  if (typeof answer !== 'object' || answer === null) return null;
  const inner = 'deployment' in answer ? answer.deployment : answer;
  return typeof inner === 'object' && inner !== null && 'id' in inner && 'status' in inner
    ? (inner as Deployment)
    : null;
}

async function change(path: string, call: Call): Promise<Deployment | null> {
  return deploymentIn(await request<unknown>(path, call));
}

/** Orders a new OpenClaw. Calls with the same key are one order, however often they are sent. */
export const deployOpenClaw = (idempotencyKey: string) =>
  change('/openclaw/deploy', {
    method: 'POST',
    headers: { 'Idempotency-Key': idempotencyKey },
  });

export async function getOpenClawDeployments(signal?: AbortSignal): Promise<Deployment[]> {
  const answer = await request<{ deployments: Deployment[] }>('/openclaw/deployments', { signal });
  return answer.deployments;
}

export async function getOpenClawDeployment(id: string, signal?: AbortSignal): Promise<Deployment> {
  const deployment = deploymentIn(await request<unknown>(deploymentPath(id), { signal }));
  if (!deployment) throw new ApiError(0, nonsense);
  return deployment;
}

export const destroyOpenClawDeployment = (id: string) =>
  change(deploymentPath(id), { method: 'DELETE' });

export const restartOpenClawDeployment = (id: string) =>
  change(`${deploymentPath(id)}/restart`, { method: 'POST' });

export const retryOpenClawDeployment = (id: string) =>
  change(`${deploymentPath(id)}/retry`, { method: 'POST' });

/** Erases the machine and sets OpenClaw up on it again. */
export const reinstallOpenClawDeployment = (id: string) =>
  change(`${deploymentPath(id)}/reinstall`, { method: 'POST' });

/** Brings OpenClaw to its available version. */
export const upgradeOpenClawDeployment = (id: string) =>
  change(`${deploymentPath(id)}/upgrade`, { method: 'POST' });

function openLinkIn(answer: unknown): OpenLink | null {
  if (typeof answer !== 'object' || answer === null) return null;
  const { url, expiresAt, approval } = answer as Record<string, unknown>;
  if (typeof url !== 'string' || typeof expiresAt !== 'string') return null;
  if (safeUrl(url) === null || Number.isNaN(Date.parse(expiresAt))) return null;
  return { url, expiresAt, approval: approval === true };
}

/** Has the machine make a link of one's own; takes some seconds. Call it through links.ts only. */
export async function openOpenClawDeployment(id: string): Promise<OpenLink> {
  const call: Call = { method: 'POST', deadlineMs: OPEN_DEADLINE_MS };
  const link = openLinkIn(await request<unknown>(`${deploymentPath(id)}/open`, call));
  if (!link) throw new ApiError(0, nonsense);
  return link;
}

/** Lets the browser in that has loaded a link with `approval`; its page connects by itself. */
export const approveOpenClawBrowser = (id: string) =>
  request<undefined>(`${deploymentPath(id)}/open/approve`, {
    method: 'POST',
    deadlineMs: OPEN_DEADLINE_MS,
  });

export async function getTimeline(id: string, signal?: AbortSignal): Promise<TimelineEvent[]> {
  const path = `${deploymentPath(id)}/events`;
  return (await request<{ events: TimelineEvent[] }>(path, { signal })).events;
}

/** Opens the live timeline of one deployment; the browser reconnects it with Last-Event-ID. */
export const openTimeline = (id: string) => new EventSource(`/api${deploymentPath(id)}/events`);

export const getLog = (id: string, after: number, signal?: AbortSignal) =>
  request<LogPage>(`${deploymentPath(id)}/log?after=${after}`, { signal });
