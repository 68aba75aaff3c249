/** Text to copy. */
import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from './button';
import { Tip } from './tip';
import { failed } from './toast';

/** The tick stays so long, in milliseconds. */
const SHOWN = 1_500;

export function CopyButton({ text, label = 'Copy' }: { text: string | (() => string); label?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => {
    navigator.clipboard.writeText(typeof text === 'string' ? text : text()).then(() => setCopied(true), failed);
  };
  return (
    <Tip text={copied ? 'Copied' : label}>
      <Button look="quiet" size="small" aria-label={label} onClick={copy}>
        {copied ? <Check className="text-good" aria-hidden /> : <Copy aria-hidden />}
        <span className="sr-only" role="status">
          {copied ? 'Copied' : ''}
        </span>
      </Button>
    </Tip>
  );
}

/** A command of a terminal, with a button that copies it. */
export function Command({ text, label = 'Copy the command' }: { text: string; label?: string }) {
  return (
    <div className="flex max-w-full min-w-0 items-start gap-1 rounded-md border bg-sunken py-1 pr-1 pl-3 text-left">
      <pre className="min-w-0 flex-1 py-1 font-mono text-xs wrap-anywhere whitespace-pre-wrap">
        {text}
      </pre>
      <CopyButton text={text} label={label} />
    </div>
  );
}
