/** Joins class names. Which one counts where two are of a kind is said by `base:` in the styles. */
export { clsx as cn } from 'clsx';
