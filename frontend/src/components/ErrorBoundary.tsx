/* Catches what a page throws while drawing, so that a defect shows a sentence and not a blank page. */
import { Component, type ErrorInfo, type ReactNode } from 'react';
import { Alert } from './Alert';
import { buttonClass } from './Button';

interface State {
  failed: boolean;
}

export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { failed: false };

  static getDerivedStateFromError(): State {
    return { failed: true };
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(error, info.componentStack);
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="mx-auto w-full max-w-md space-y-4 px-4 py-16">
        <Alert title="This page has a problem">
          Your OpenClaw is not affected. Please load the page again.
        </Alert>
        {/* A plain link: a full load is the point. */}
        <a href="/dashboard" className={buttonClass('plain')}>
          Load again
        </a>
      </main>
    );
  }
}
