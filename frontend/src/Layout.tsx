/* The frame around every page of a signed-in person: where they are, who they are, and the way out. */
import { Link, NavLink, Outlet } from 'react-router';
import { ErrorAlert } from './components/Alert';
import { Button } from './components/Button';
import { Logo } from './components/Logo';
import { useSession, useSignOut } from './session';

export function Layout() {
  const session = useSession();
  const leave = useSignOut();

  return (
    <div className="flex min-h-dvh flex-col">
      <a
        href="#content"
        className="sr-only z-10 rounded-lg bg-action px-4 py-2 text-on-action focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <header className="border-b border-line bg-surface">
        <div className="flex h-14 items-center gap-3 px-4 sm:gap-6 sm:px-6">
          <Link to="/dashboard" className="flex items-center gap-2.5 font-semibold tracking-tight">
            <Logo className="size-7" />
            <span>OpenClaw</span>
          </Link>
          <nav aria-label="Main">
            <NavLink
              to="/dashboard"
              className="rounded-md px-1 py-1 text-sm text-muted hover:text-ink aria-[current=page]:text-ink"
            >
              Dashboard
            </NavLink>
          </nav>
          <div className="ml-auto flex min-w-0 items-center gap-3">
            <span className="hidden truncate text-sm text-muted sm:block">
              {session.data?.user?.email}
            </span>
            <Button look="ghost" size="small" busy={leave.isPending} onClick={() => leave.mutate()}>
              Sign out
            </Button>
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1} className="flex flex-1 flex-col outline-none">
        <div className="mx-auto w-full max-w-4xl px-4 pt-4 empty:hidden sm:px-6">
          <ErrorAlert title="You are still signed in" error={leave.error} />
        </div>
        <Outlet />
      </main>
    </div>
  );
}
