/* Buttons and links that look like buttons; a busy one keeps its size, spins and cannot be pressed. */
import type { ButtonHTMLAttributes, Ref } from 'react';
import { Spinner } from './Spinner';

export type ButtonLook = 'primary' | 'plain' | 'ghost' | 'danger' | 'danger-quiet';
export type ButtonSize = 'small' | 'normal' | 'large';

const base =
  'inline-flex items-center justify-center gap-2 rounded-lg font-medium ' +
  'whitespace-nowrap transition-colors select-none disabled:cursor-not-allowed disabled:opacity-60';

const looks: Record<ButtonLook, string> = {
  primary: 'bg-action text-on-action enabled:hover:bg-action-hover [a]:hover:bg-action-hover',
  plain: 'border border-line-strong bg-surface enabled:hover:bg-sunken [a]:hover:bg-sunken',
  ghost: 'text-muted enabled:hover:bg-sunken enabled:hover:text-ink',
  danger: 'bg-danger text-white enabled:hover:bg-danger-hover',
  'danger-quiet': 'border border-line-strong bg-surface text-bad enabled:hover:bg-bad-soft',
};

const sizes: Record<ButtonSize, string> = {
  small: 'h-8 px-3 text-sm',
  normal: 'h-9 px-3.5 text-sm',
  large: 'h-11 px-6 text-base',
};

export function buttonClass(look: ButtonLook, extra = '', size: ButtonSize = 'normal'): string {
  return `${base} ${sizes[size]} ${looks[look]} ${extra}`;
}

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: ButtonLook;
  size?: ButtonSize;
  busy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({
  look = 'plain',
  size = 'normal',
  busy = false,
  disabled,
  className,
  children,
  ...rest
}: Props) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={buttonClass(look, className, size)}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}
