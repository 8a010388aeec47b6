import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';

/** A folder of ours under the user's cache, with a slash behind it; made when it is not there. */
export function cacheFolder(name: string): string {
  const folder = `${process.env.XDG_CACHE_HOME ?? `${homedir()}/.cache`}/kubeopencode/${name}/`;
  mkdirSync(folder, { recursive: true });
  return folder;
}
