/*
 * "Open in new tab". The tab is opened within the click, because only then do browsers allow it, and
 * filled when its link has come. It can't reach back to the dashboard: it has no opener.
 */
import { useRef, useState } from 'react';
import { approveOpenClawBrowser } from './api';
import { takeLink } from './links';

const blocked = 'Your browser did not allow a new tab. Allow pop-ups for this page and try again.';

/** Something to look at until the link is there. The page's policy allows no style but from a script. */
function explain({ document: page }: Window, text: string): void {
  page.title = 'OpenClaw';
  page.documentElement.style.colorScheme = 'light dark';
  const line = page.createElement('p');
  line.textContent = text;
  line.setAttribute('role', 'status');
  line.style.cssText = 'margin: 25vh 1rem 0; text-align: center; font: 1rem system-ui, sans-serif';
  page.body.replaceChildren(line);
}

/** True when its page waits to be approved. */
async function openTab(id: string): Promise<boolean> {
  const tab = window.open('about:blank', '_blank');
  if (!tab) throw new Error(blocked);
  tab.opener = null;
  explain(
    tab,
    'Opening OpenClaw. Your OpenClaw makes a key for this tab, which takes some seconds.',
  );
  try {
    const link = await takeLink(id, 'tab', () => !tab.closed);
    if (link) tab.location.replace(link.url);
    return link?.approval ?? false;
  } catch (error) {
    tab.close();
    throw error;
  }
}

/** Opens a tab for each click; while one waits for its link or its approval, further clicks do nothing. */
export function useTab(id: string) {
  const inFlight = useRef(false);
  const [state, setState] = useState<'idle' | 'opening' | 'approving'>('idle');
  const [error, setError] = useState<Error | null>(null);
  const open = async () => {
    if (inFlight.current) return;
    inFlight.current = true;
    setState('opening');
    setError(null);
    try {
      if (await openTab(id)) {
        setState('approving');
        await approveOpenClawBrowser(id);
      }
    } catch (failure) {
      setError(failure as Error);
    } finally {
      inFlight.current = false;
      setState('idle');
    }
  };
  return { open: () => void open(), state, error };
}
