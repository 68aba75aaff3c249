/** Fills a test delivery in by what a subscription looks for: places of the event back into the body that makes it. */
import type { Condition, WebhookKind } from '@/api/types';

/** What a sender says: the body, and the event's name where it stands in a header. */
export interface Delivered {
  body: Record<string, unknown>;
  event: string;
}

/** Where a place of the event comes from. */
type Source = { pointer: string } | 'header';

/** Longest list that a pointer may lead beyond the end of. */
const MOST_ENTRIES = 100;

const partsOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

const isIndex = (part: string): boolean => /^(0|[1-9]\d*)$/.test(part);

/** What a sender can say of a place; nothing for what the platform says, and for adapters, whose code finds the events. */
export function sourceOf(kind: WebhookKind, pointer: string): Source | undefined {
  if (kind === 'adapter' || kind === 'topic') return undefined;
  if (pointer === '/type') {
    if (kind === 'github') return 'header';
    return { pointer: kind === 'microsoft_graph' ? '/value/0/changeType' : '/type' };
  }
  const isWithin = pointer.startsWith('/data/') && !partsOf(pointer).some((part) => isIndex(part) && Number(part) > MOST_ENTRIES);
  return isWithin ? { pointer: pointer.slice('/data'.length) } : undefined;
}

/** What stands at a pointer. */
export function valueAt(document: unknown, pointer: string): unknown {
  return partsOf(pointer).reduce<unknown>((value, part) => {
    if (Array.isArray(value)) return isIndex(part) ? (value[Number(part)] as unknown) : undefined;
    return typeof value === 'object' && value !== null && Object.hasOwn(value, part) ? (value as Record<string, unknown>)[part] : undefined;
  }, document);
}

/** The document with another value at a pointer; without one where it is `undefined`. */
export const withValue = (document: Record<string, unknown>, pointer: string, value: unknown): Record<string, unknown> =>
  set(document, partsOf(pointer), value) as Record<string, unknown>;

function set(document: unknown, parts: string[], value: unknown): unknown {
  const [part, ...rest] = parts;
  if (part === undefined) return value;
  const isList = Array.isArray(document) || (document === undefined && isIndex(part));
  if (isList && isIndex(part)) {
    const list: unknown[] = Array.isArray(document) ? [...(document as unknown[])] : [];
    if (value === undefined && list.length <= Number(part)) return document;
    while (list.length < Number(part)) list.push(null);
    list[Number(part)] = set(list[Number(part)], rest, value) ?? null;
    return list;
  }
  const object = typeof document === 'object' && document !== null && !Array.isArray(document) ? (document as Record<string, unknown>) : {};
  const own = Object.hasOwn(object, part) ? object[part] : undefined;
  if (value === undefined && own === undefined) return document;
  const inner = set(own, rest, value);
  if (inner !== undefined) return { ...object, [part]: inner };
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== part));
}

/** What a delivery says at a place of its event. */
export function saidAt({ body, event }: Delivered, source: Source): unknown {
  return source === 'header' ? event : valueAt(body, source.pointer);
}

/** The delivery with another value there. */
export function says(delivered: Delivered, source: Source, value: unknown): Delivered {
  if (source !== 'header') return { ...delivered, body: withValue(delivered.body, source.pointer, value) };
  return { ...delivered, event: typeof value === 'string' ? value : '' };
}

/** The delivery with what a filter wants, as far as the filter says what that is. */
export const fitting = (kind: WebhookKind, filter: readonly Condition[], delivered: Delivered): Delivered =>
  filter.reduce((now, { pointer, equals, exists }) => {
    const source = sourceOf(kind, pointer);
    if (source === undefined || exists === true) return now;
    return says(now, source, exists === false ? undefined : equals);
  }, delivered);

/** The conditions that a delivery does not meet, among those that a sender can meet. */
export const unmet = (kind: WebhookKind, filter: readonly Condition[], delivered: Delivered): Condition[] =>
  filter.filter(({ pointer, equals, exists }) => {
    const source = sourceOf(kind, pointer);
    if (source === undefined) return false;
    const said = saidAt(delivered, source);
    return exists == null ? JSON.stringify(said) !== JSON.stringify(equals ?? null) : exists !== (said !== undefined);
  });
