/*
 * OpenClaw's own page, straight from its machine. No referrer is sent to it, and it may use what an
 * assistant needs: the clipboard, the microphone and the full screen.
 */
import { useState } from 'react';
import { Loading } from './Spinner';

export function Frame({ url }: { url: string }) {
  const [loadedUrl, setLoadedUrl] = useState<string | null>(null);
  return (
    <div className="relative min-h-[28rem] flex-1 overflow-hidden rounded-xl border border-line bg-surface">
      {loadedUrl !== url && (
        <div className="absolute inset-0 grid place-items-center">
          <Loading label="Opening OpenClaw" />
        </div>
      )}
      <iframe
        title="OpenClaw"
        src={url}
        onLoad={() => setLoadedUrl(url)}
        allow="clipboard-read; clipboard-write; microphone; fullscreen"
        referrerPolicy="no-referrer"
        className="absolute inset-0 size-full"
      />
    </div>
  );
}
