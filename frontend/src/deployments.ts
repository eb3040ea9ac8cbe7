/*
 * The deployments as the pages see them: what is read, how often it is read again, and what may be
 * done to one. Every change writes the server's answer into the cache, so that pages move at once.
 */
import {
  useMutation,
  useQuery,
  useQueryClient,
  type QueryClient,
  type UseMutationResult,
} from '@tanstack/react-query';
import { useRef } from 'react';
import {
  ApiError,
  deployOpenClaw,
  destroyOpenClawDeployment,
  getLog,
  getOpenClawDeployment,
  getOpenClawDeployments,
  reinstallOpenClawDeployment,
  restartOpenClawDeployment,
  retryOpenClawDeployment,
  serverNow,
  upgradeOpenClawDeployment,
  type Deployment,
  type LogPage,
} from './api';
import { forgetLinks } from './links';
import { isMoving } from './steps';

const SOON_MS = 2_000;
const LATER_MS = 15_000;
const JUST_CHANGED_MS = 60_000;
const LOG_LINES_KEPT = 1_000;
const LOG_PAGES_AT_ONCE = 10;

const listKey = ['deployments'];
const oneKey = (id: string) => ['deployment', id];

/** Under way, or changed a moment ago: worth looking soon. */
function isLively({ status, change, updatedAt }: Deployment): boolean {
  if (isMoving(status) || change) return true;
  return serverNow() - Date.parse(updatedAt) < JUST_CHANGED_MS;
}

function remember(client: QueryClient, deployment: Deployment): void {
  client.setQueryData<Deployment>(oneKey(deployment.id), deployment);
  client.setQueryData<Deployment[]>(listKey, (old) => {
    if (!old) return old;
    const known = old.some(({ id }) => id === deployment.id);
    if (!known) return [deployment, ...old];
    return old.map((one) => (one.id === deployment.id ? deployment : one));
  });
}

/** Reads one deployment and its log again now, unless that is already under way. */
export function refreshDeployment(client: QueryClient, id: string): void {
  void client.invalidateQueries({ queryKey: oneKey(id) }, { cancelRefetch: false });
  void client.invalidateQueries({ queryKey: ['log', id] }, { cancelRefetch: false });
}

export function useDeployments() {
  return useQuery({
    queryKey: listKey,
    queryFn: ({ signal }) => getOpenClawDeployments(signal),
    refetchInterval: ({ state }) =>
      state.data?.some((one) => one.status !== 'DESTROYED' && isLively(one)) ? SOON_MS : LATER_MS,
  });
}

export function useDeployment(id: string) {
  const client = useQueryClient();
  return useQuery<Deployment>({
    queryKey: oneKey(id),
    queryFn: ({ signal }) => getOpenClawDeployment(id, signal),
    placeholderData: () => client.getQueryData<Deployment[]>(listKey)?.find((one) => one.id === id),
    refetchInterval: ({ state }) => {
      if (state.data?.status === 'DESTROYED') return false;
      if (state.error instanceof ApiError && state.error.status === 404) return false;
      return state.data && !isLively(state.data) ? LATER_MS : SOON_MS;
    },
  });
}

/** The setup log so far; each look asks only for what came after the last line. */
export function useSetupLog(id: string, growing: boolean) {
  const client = useQueryClient();
  const queryKey = ['log', id];
  return useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      let log = client.getQueryData<LogPage>(queryKey) ?? { lines: [], next: 0 };
      for (let page = 0; page < LOG_PAGES_AT_ONCE; page++) {
        const more = await getLog(id, log.next, signal);
        if (more.lines.length === 0) break;
        const lines = [...log.lines, ...more.lines].slice(-LOG_LINES_KEPT);
        log = { lines, next: more.next };
      }
      return log;
    },
    refetchInterval: growing ? SOON_MS : LATER_MS,
  });
}

function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Deploys once per intent. The key is made at the click and kept while the outcome is unknown, so
 * that neither a double click nor a second try after a lost answer can order a second server.
 */
export function useDeploy() {
  const client = useQueryClient();
  const intent = useRef<string | null>(null);
  const inFlight = useRef(false);
  const mutation = useMutation({
    mutationFn: () => deployOpenClaw((intent.current ??= newKey())),
    onSuccess: (deployment) => {
      intent.current = null;
      if (deployment) remember(client, deployment);
      return client.invalidateQueries({ queryKey: listKey });
    },
    onError: (error) => {
      if (error instanceof ApiError && !error.isTemporary) intent.current = null;
    },
    onSettled: () => {
      inFlight.current = false;
    },
  });
  const deploy = () => {
    if (inFlight.current) return;
    inFlight.current = true;
    mutation.mutate();
  };
  return { deploy, isPending: mutation.isPending, error: mutation.error };
}

type Action = UseMutationResult<Deployment | null, Error, void>;

function useAction(id: string, act: (id: string) => Promise<Deployment | null>): Action {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => act(id),
    onSuccess: (deployment) => {
      forgetLinks(id);
      if (deployment) remember(client, deployment);
    },
    /* Also after a refusal: it means that what we show is out of date. */
    onSettled: () => {
      void client.invalidateQueries({ queryKey: listKey });
      void client.invalidateQueries({ queryKey: oneKey(id) });
      void client.invalidateQueries({ queryKey: ['timeline', id] });
    },
  });
}

export const useDestroy = (id: string) => useAction(id, destroyOpenClawDeployment);
export const useRestart = (id: string) => useAction(id, restartOpenClawDeployment);
export const useRetry = (id: string) => useAction(id, retryOpenClawDeployment);
export const useReinstall = (id: string) => useAction(id, reinstallOpenClawDeployment);
export const useUpgrade = (id: string) => useAction(id, upgradeOpenClawDeployment);
