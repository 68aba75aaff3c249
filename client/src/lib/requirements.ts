/** Files of a workspace that say which packages it needs. */
const FILES = ['requirements.txt', 'pyproject.toml'];

export const asksForPackages = (path: string): boolean => FILES.includes(path);
