import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * Keeps parsed code between runs, in `$XDG_CACHE_HOME/kubeopencode/compile` (by default below `~/.cache`; on Windows below `%LOCALAPPDATA%`). To be called before anything large is
 * loaded. Where nothing can be written, every run parses anew, and nothing else changes. `NODE_COMPILE_CACHE` names another folder, `NODE_DISABLE_COMPILE_CACHE=1` is without.
 */
export function keepParsedCode(env: Readonly<Record<string, string | undefined>>): void {
  const folder = cacheFolder(env);
  if (folder !== undefined) enableCompileCache(join(folder, 'kubeopencode', 'compile'));
}

function cacheFolder({ XDG_CACHE_HOME: xdg, LOCALAPPDATA: local }: Readonly<Record<string, string | undefined>>): string | undefined {
  // The specification: a relative path is none.
  if (xdg !== undefined && isAbsolute(xdg)) return xdg;
  if (process.platform === 'win32' && local !== undefined) return local;
  try {
    return join(homedir(), '.cache');
  } catch {
    // A user whom the machine does not know, without HOME.
    return undefined;
  }
}
