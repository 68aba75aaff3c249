/** Which workflows a search leaves. */
import type { Workflow } from '@/api/types';

interface Search {
  q?: string;
  category?: string;
  tag?: string;
  kind?: string;
}

const categoryOf = (workflow: Workflow): string => workflow.category || 'General';

/** Workflows in which each word is found, of this category, tag and kind. */
export function filter(all: readonly Workflow[], { q, category, tag, kind }: Search): Workflow[] {
  const words = (q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter((workflow) => {
    const text = [workflow.name, workflow.description, workflow.function_id, categoryOf(workflow), ...workflow.tags]
      .join('\n')
      .toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      (category === undefined || categoryOf(workflow) === category) &&
      (tag === undefined || workflow.tags.includes(tag)) &&
      (kind === undefined || workflow.kind === kind)
    );
  });
}

const sorted = (texts: Iterable<string>): string[] => [...new Set(texts)].sort((a, b) => a.localeCompare(b));

/** All categories, by name. */
export const categories = (all: readonly Workflow[]): string[] => sorted(all.map(categoryOf));

/** All tags, by name. */
export const tagsOf = (all: readonly Workflow[]): string[] => sorted(all.flatMap((workflow) => workflow.tags));
