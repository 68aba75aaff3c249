/** Markdown of people, as elements. There is no HTML in it. */
import { Fragment, memo, useMemo, type ReactNode } from 'react';
import { parseMarkdown, type Block, type Inline } from '@/lib/markdown';
import { cn } from '@/lib/cn';

export const Markdown = memo(function Markdown({ text, className }: { text: string; className?: string }) {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  return <div className={cn('grid max-w-prose gap-2.5 text-sm', className)}>{shown(blocks)}</div>;
});

const shown = (blocks: Block[]): ReactNode => blocks.map((block, at) => <Part key={at} block={block} />);

/** Below the headings of a page and of its cards. */
const HEADINGS = ['h3', 'h4', 'h5', 'h6', 'h6', 'h6'] as const;
const SIZES = ['text-lg', 'text-sm', 'text-ui', 'text-ui', 'text-ui', 'text-ui'] as const;

function Part({ block }: { block: Block }) {
  switch (block.kind) {
    case 'heading': {
      const Heading = HEADINGS[block.level - 1] ?? 'h6';
      return <Heading className={cn('font-semibold', SIZES[block.level - 1])}>{words(block.children)}</Heading>;
    }
    case 'paragraph':
      return <p className="break-words">{words(block.children)}</p>;
    case 'list': {
      const items = block.items.map((item, at) => (
        <li key={at} className="pl-1 [&>p]:inline">
          {shown(item)}
        </li>
      ));
      return block.ordered ? (
        <ol start={block.start} className="grid list-decimal gap-1 pl-5">
          {items}
        </ol>
      ) : (
        <ul className="grid list-disc gap-1 pl-5">{items}</ul>
      );
    }
    case 'quote':
      return <blockquote className="grid gap-2 border-l-2 border-line-strong pl-3 text-muted">{shown(block.children)}</blockquote>;
    case 'code':
      return (
        <pre tabIndex={0} className="overflow-x-auto rounded-md border bg-sunken px-3 py-2 font-mono text-xs">
          {block.text}
        </pre>
      );
    case 'rule':
      return <hr />;
  }
}

const words = (parts: Inline[]): ReactNode => parts.map((part, at) => <Fragment key={at}>{word(part)}</Fragment>);

function word(part: Inline): ReactNode {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'code':
      return <code className="rounded bg-hover px-1 py-px font-mono text-xs break-words">{part.text}</code>;
    case 'strong':
      return <strong className="font-semibold">{words(part.children)}</strong>;
    case 'emphasis':
      return <em>{words(part.children)}</em>;
    case 'break':
      return <br />;
    case 'link':
      return (
        <a
          href={part.href}
          target="_blank"
          rel="noopener noreferrer"
          className="break-words text-accent-text underline underline-offset-2"
        >
          {words(part.children)}
        </a>
      );
  }
}
