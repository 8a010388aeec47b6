/** Nearly every path is clean already, and each mount of each container is asked. */
const CLEAN = /^(\/[^/.][^/]*)+$/;

/** The path without `.`, `..`, doubled and trailing slashes, by text alone. Absolute paths stay absolute and never leave `/`. Source: Go path.Clean. */
export function cleanPath(path: string): string {
  if (CLEAN.test(path)) return path;
  const absolute = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts[parts.length - 1] !== '..') parts.pop();
    else if (!absolute) parts.push(part);
  }
  return absolute ? `/${parts.join('/')}` : parts.join('/') || '.';
}

/** An absolute path: relative ones begin at `base`. */
export function resolvePath(path: string, base: string): string {
  return cleanPath(path.startsWith('/') ? path : `${base}/${path}`);
}

/** Whether a clean path is the folder itself or lies in it, at any depth. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** The folder that a clean absolute path lies in; `/` for what lies there, and for `/` itself. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}
