/* Lets only signed-in people through; others sign in first and then come back to where they were. */
import { Navigate, Outlet, useLocation } from 'react-router';
import { useSession } from '../session';
import { ErrorAlert } from './Alert';
import { Button } from './Button';
import { Loading } from './Spinner';

export function ProtectedRoute() {
  const session = useSession();
  const { pathname, search, hash } = useLocation();

  if (session.data?.user) return <Outlet />;
  if (session.data) {
    const from = session.data.ended === 'signed-out' ? undefined : `${pathname}${search}${hash}`;
    return <Navigate to="/sign-in" replace state={{ from }} />;
  }
  if (session.isPending) return <Loading />;
  return (
    <div className="mx-auto w-full max-w-md space-y-4 px-4 py-16">
      <ErrorAlert title="The dashboard cannot be loaded" error={session.error} />
      <Button onClick={() => void session.refetch()} busy={session.isFetching}>
        Try again
      </Button>
    </div>
  );
}
