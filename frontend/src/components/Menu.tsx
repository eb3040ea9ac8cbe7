/*
 * A button that opens a short menu of actions. It works as menus do: arrow keys, Home and End move in
 * it, Escape and Tab leave it, and so does the focus going elsewhere.
 */
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { Button } from './Button';
import { Spinner } from './Spinner';

export interface MenuItem {
  label: string;
  isDangerous?: boolean;
  /** It is shown, and does nothing; a busy one is being done. */
  isDisabled?: boolean;
  isBusy?: boolean;
  onSelect: () => void;
}

interface Props {
  label: string;
  /** Says that there is something new in it. */
  news?: string | null;
  items: MenuItem[];
  className?: string;
}

export function Menu({ label, news = null, items, className = '' }: Props) {
  const id = useId();
  const trigger = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  /* Which item has the focus; null when it is closed. */
  const [at, setAt] = useState<number | null>(null);
  const isOpen = at !== null;

  useEffect(() => {
    if (at !== null) (list.current?.children[at] as HTMLElement | undefined)?.focus();
  }, [at]);

  const close = () => {
    setAt(null);
    trigger.current?.focus();
  };
  const move = (event: KeyboardEvent) => {
    const last = items.length - 1;
    const here = at ?? -1;
    const places: Record<string, number> = {
      ArrowDown: here === last ? 0 : here + 1,
      ArrowUp: here <= 0 ? last : here - 1,
      Home: 0,
      End: last,
    };
    const place = places[event.key];
    if (place !== undefined) {
      event.preventDefault();
      setAt(place);
    } else if (isOpen && event.key === 'Escape') {
      event.preventDefault();
      close();
    } else if (isOpen && event.key === 'Tab') {
      /* Goes on from the button, as the menu is no place in the order of the page. */
      close();
    }
  };

  return (
    <div
      className={`relative ${className}`}
      onBlur={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget)) setAt(null);
      }}
    >
      <Button
        ref={trigger}
        id={`${id}button`}
        className="w-full"
        aria-label={news ? `${label} (${news})` : undefined}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? `${id}menu` : undefined}
        onClick={() => setAt(isOpen ? null : 0)}
        onKeyDown={(event) => {
          if (['ArrowDown', 'ArrowUp'].includes(event.key)) move(event);
        }}
      >
        {label}
        {news && <span className="size-2 rounded-full bg-busy" aria-hidden="true" />}
        <svg viewBox="0 0 16 16" className="size-4 text-muted" aria-hidden="true">
          <path
            d="M4 6.500l4 4 4-4"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.5"
            strokeLinecap="round"
            strokeLinejoin="round"
          />
        </svg>
      </Button>
      {isOpen && (
        <div
          ref={list}
          id={`${id}menu`}
          role="menu"
          aria-labelledby={`${id}button`}
          onKeyDown={move}
          /* Not every browser focuses a button that is clicked; losing the focus would close the menu first. */
          onMouseDown={(event) => event.preventDefault()}
          className="absolute right-0 z-10 mt-1 min-w-44 rounded-xl border border-line bg-surface p-1 shadow-lg"
        >
          {items.map(({ label: item, isDangerous, isDisabled, isBusy, onSelect }) => (
            <button
              key={item}
              type="button"
              role="menuitem"
              tabIndex={-1}
              aria-disabled={isDisabled || undefined}
              onClick={() => {
                if (isDisabled) return;
                close();
                onSelect();
              }}
              className={`flex w-full items-center gap-2 rounded-lg px-3 py-2 text-left text-sm whitespace-nowrap hover:bg-sunken focus-visible:-outline-offset-2 aria-disabled:cursor-not-allowed aria-disabled:opacity-60 ${
                isDangerous ? 'text-bad' : ''
              }`}
            >
              {isBusy && <Spinner />}
              {item}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
