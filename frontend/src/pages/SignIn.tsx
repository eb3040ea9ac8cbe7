/* Signing in and signing up: one form, two headings. Afterwards one goes on to where one was. */
import { useRef, type FormEvent } from 'react';
import { Link, Navigate, useLocation } from 'react-router';
import { ErrorAlert } from '../components/Alert';
import { Button } from '../components/Button';
import { Logo } from '../components/Logo';
import { useEnter, useSession } from '../session';
import { useTitle } from '../title';

const texts = {
  'sign-in': {
    title: 'Sign in',
    intro: 'Welcome back.',
    failed: 'You are not signed in',
    other: { question: 'New here?', label: 'Create an account', to: '/sign-up' },
  },
  'sign-up': {
    title: 'Create account',
    intro: 'One account, and your own OpenClaw is a click away.',
    failed: 'The account was not created',
    other: { question: 'Already have an account?', label: 'Sign in', to: '/sign-in' },
  },
} as const;

const field =
  'mt-1.5 block h-10 w-full rounded-lg border border-line-strong bg-surface px-3 text-base sm:text-sm';

/** Where to go afterwards; only ever a path of this site. */
export function targetOf(state: unknown): string {
  const from = (state as { from?: unknown } | null)?.from;
  return typeof from === 'string' && /^\/(?!\/)/.test(from) ? from : '/dashboard';
}

export function SignIn({ mode }: { mode: keyof typeof texts }) {
  const { title, intro, failed, other } = texts[mode];
  const session = useSession();
  const enter = useEnter(mode);
  const { state } = useLocation();
  const submitted = useRef(false);
  useTitle(title);

  if (session.data?.user) return <Navigate to={targetOf(state)} replace />;

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (submitted.current) return;
    submitted.current = true;
    const form = new FormData(event.currentTarget);
    enter.mutate(
      { email: String(form.get('email')).trim(), password: String(form.get('password')) },
      { onSettled: () => (submitted.current = false) },
    );
  };

  return (
    <main className="grid min-h-dvh place-items-center px-4 py-10">
      <div className="w-full max-w-sm">
        <div className="flex flex-col items-center text-center">
          <Logo className="size-12" />
          <h1 className="mt-5 text-2xl font-semibold tracking-tight">{title}</h1>
          <p className="mt-1.5 text-sm text-muted" role="status">
            {session.data?.ended === 'expired'
              ? 'Your session has ended. Sign in to go on where you were.'
              : intro}
          </p>
        </div>
        <form
          key={mode}
          onSubmit={submit}
          aria-label={title}
          className="mt-7 space-y-4 rounded-2xl border border-line bg-surface p-5 shadow-xs sm:p-6"
        >
          <ErrorAlert title={failed} error={enter.error} />
          <label className="block text-sm font-medium">
            Email
            <input
              className={field}
              type="email"
              name="email"
              autoComplete="username"
              required
              maxLength={254}
              autoFocus
            />
          </label>
          <div>
            <label className="block text-sm font-medium">
              Password
              <input
                className={field}
                type="password"
                name="password"
                autoComplete={mode === 'sign-in' ? 'current-password' : 'new-password'}
                required
                minLength={mode === 'sign-up' ? 8 : undefined}
                maxLength={200}
                aria-describedby={mode === 'sign-up' ? 'password-hint' : undefined}
              />
            </label>
            {mode === 'sign-up' && (
              <p id="password-hint" className="mt-1.5 text-xs text-muted">
                At least 8 characters.
              </p>
            )}
          </div>
          <Button type="submit" look="primary" className="w-full" busy={enter.isPending}>
            {title}
          </Button>
        </form>
        <p className="mt-5 text-center text-sm text-muted">
          {other.question}{' '}
          <Link
            to={other.to}
            state={state}
            className="font-medium text-ink underline underline-offset-4"
          >
            {other.label}
          </Link>
        </p>
      </div>
    </main>
  );
}
