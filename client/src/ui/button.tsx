/** Buttons, and links that look like them. */
import { Link, type LinkComponentProps } from '@tanstack/react-router';
import { cva, type VariantProps } from 'class-variance-authority';
import { LoaderCircle } from 'lucide-react';
import type { ComponentProps } from 'react';
import { cn } from '@/lib/cn';

const button = cva(
  'inline-flex base:shrink-0 select-none items-center base:justify-center gap-1.5 whitespace-nowrap rounded-md base:font-medium transition-colors disabled:cursor-not-allowed disabled:opacity-55 [&_svg]:size-4 [&_svg]:shrink-0',
  {
    variants: {
      look: {
        primary: 'bg-accent text-white hover:bg-accent-hover',
        plain: 'border base:border-line base:bg-surface base:text-ink shadow-card base:hover:bg-hover base:dark:bg-raised',
        quiet: 'base:text-muted hover:bg-hover hover:text-ink',
        danger: 'border border-line bg-surface text-bad shadow-card hover:border-bad hover:bg-bad-soft dark:bg-raised',
      },
      size: {
        normal: 'base:h-8.5 base:px-3 base:text-ui',
        small: 'base:h-7 base:px-2 base:text-xs',
        icon: 'base:size-8.5',
        large: 'base:h-10 base:px-4 base:text-sm',
      },
    },
    defaultVariants: { look: 'plain', size: 'normal' },
  },
);

type Look = VariantProps<typeof button>;

interface Props extends ComponentProps<'button'>, Look {
  /** Shows that it is at work, and takes no further press. */
  busy?: boolean;
}

export function Button({ look, size, busy = false, className, children, disabled, type = 'button', ...props }: Props) {
  return (
    <button
      {...props}
      type={type}
      disabled={disabled === true || busy}
      aria-busy={busy || undefined}
      className={cn(button({ look, size }), className)}
    >
      {busy && <LoaderCircle className="animate-spin" aria-hidden />}
      {children}
    </button>
  );
}

/** A link within the platform that looks like a button. */
export function LinkButton({ look, size, className, ...props }: LinkComponentProps<'a'> & Look) {
  return <Link {...props} className={cn(button({ look, size }), className)} />;
}
