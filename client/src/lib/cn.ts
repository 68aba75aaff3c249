/** Joins class names; later ones win over earlier ones of the same kind. */
import { type ClassValue, clsx } from 'clsx';
import { extendTailwindMerge } from 'tailwind-merge';

// Sizes of text that are ours; they would be taken for colours otherwise.
const merge = extendTailwindMerge({ extend: { classGroups: { 'font-size': [{ text: ['2xs', 'ui'] }] } } });

export const cn = (...names: ClassValue[]): string => merge(clsx(names));
