/** Joins class names; later ones win over earlier ones of the same kind. */
import { type ClassValue, clsx } from 'clsx';
import { twMerge } from 'tailwind-merge';

export const cn = (...names: ClassValue[]): string => twMerge(clsx(names));
