/* The page one lands on. */
import { OpenClawSection } from '../components/OpenClawSection';
import { useTitle } from '../title';

export function Dashboard() {
  useTitle('Dashboard');
  return (
    <div className="mx-auto w-full max-w-4xl px-4 py-8 sm:px-6 sm:py-10">
      <h1 className="mb-6 text-2xl font-semibold tracking-tight">Dashboard</h1>
      <OpenClawSection />
    </div>
  );
}
