/* An address that leads nowhere. */
import { Link } from 'react-router';
import { buttonClass } from '../components/Button';
import { Logo } from '../components/Logo';
import { useTitle } from '../title';

export function NotFound() {
  useTitle('Page not found');
  return (
    <main className="grid min-h-dvh place-items-center px-4 py-12 text-center">
      <div className="flex flex-col items-center">
        <Logo className="size-12" />
        <p className="mt-6 font-mono text-sm text-muted">404</p>
        <h1 className="mt-1 text-2xl font-semibold tracking-tight">Page not found</h1>
        <p className="mt-2 text-muted">There is nothing at this address.</p>
        <Link to="/dashboard" className={buttonClass('primary', 'mt-6')}>
          Go to the dashboard
        </Link>
      </div>
    </main>
  );
}
