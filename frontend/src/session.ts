/*
 * Who is signed in. The cookie itself is invisible to scripts, so the answer of /auth/me is kept in
 * the query cache; any 401 from any call ends the session here, and ProtectedRoute does the rest.
 */
import {
  MutationCache,
  QueryCache,
  QueryClient,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { ApiError, getMe, signIn, signOut, signUp, type Credentials, type User } from './api';
import { forgetLinks } from './links';

export interface Session {
  user: User | null;
  /** Why nobody is signed in: never was, chose to leave, or the server no longer knows us. */
  ended?: 'signed-out' | 'expired';
}

const sessionKey = ['session'];

export function createQueryClient(): QueryClient {
  const onError = (error: Error) => {
    if (!(error instanceof ApiError) || error.status !== 401) return;
    forgetLinks();
    client.setQueryData<Session>(sessionKey, (old) =>
      old?.user ? { user: null, ended: 'expired' } : old,
    );
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 1_000,
        retry: (count, error) => count < 2 && error instanceof ApiError && error.isTemporary,
        retryDelay: (count) => 500 * 2 ** count,
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  });
  return client;
}

export function useSession() {
  return useQuery<Session>({
    queryKey: sessionKey,
    queryFn: async ({ signal }) => ({ user: await getMe(signal) }),
    staleTime: Infinity,
  });
}

/** Signs in or up. Whatever an earlier user left in the cache is dropped first. */
export function useEnter(mode: 'sign-in' | 'sign-up') {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (credentials: Credentials) =>
      mode === 'sign-in' ? signIn(credentials) : signUp(credentials),
    onSuccess: ({ user }) => {
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionKey[0] });
      client.setQueryData<Session>(sessionKey, { user });
    },
  });
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: signOut,
    onSuccess: () => {
      forgetLinks();
      client.setQueryData<Session>(sessionKey, { user: null, ended: 'signed-out' });
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionKey[0] });
    },
  });
}
