/* The document's title follows the page, so that tabs and history entries can be told apart. */
import { useEffect } from 'react';

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === 'OpenClaw' ? title : `${title} · OpenClaw`;
  }, [title]);
}
