import { isRecord, type Planned, parseJson, refuse, type Variables } from './variables.ts';

/** What context-init copies. Paths are absolute. */
export interface ContextPlan {
  readonly workspaceDir: string;
  readonly files: readonly FileCopy[];
  readonly folders: readonly FolderCopy[];
}

export interface FileCopy {
  readonly source: string;
  readonly target: string;
  /** Permission bits; 0644 when nothing was said. */
  readonly mode: number;
}

/** A mounted ConfigMap, key by key. */
export interface FolderCopy {
  readonly source: string;
  readonly target: string;
}

const DEFAULT_FILE_MODE = 0o644;

/** Reads what core/pod/context-init.ts wrote: `WORKSPACE_DIR`, `CONFIGMAP_PATH`, `FILE_MAPPINGS` and `DIR_MAPPINGS`. */
export function contextPlan(env: Variables): Planned<ContextPlan> {
  const workspaceDir = env.WORKSPACE_DIR || '/workspace';
  const configMapPath = env.CONFIGMAP_PATH || '/configmap-files';
  const files = mappings(env, 'FILE_MAPPINGS', (mapping) => fileCopy(mapping, configMapPath));
  if (!files.ok) return files;
  const folders = mappings(env, 'DIR_MAPPINGS', folderCopy);
  if (!folders.ok) return folders;
  return { ok: true, plan: { workspaceDir, files: files.plan, folders: folders.plan } };
}

/** A variable that holds a JSON list; unset and empty are the empty list. */
function mappings<T>(
  env: Variables,
  name: string,
  read: (mapping: Readonly<Record<string, unknown>>) => T | string,
): Planned<readonly T[]> {
  const json = parseJson(env[name] || '[]');
  if (!json.ok || !Array.isArray(json.value))
    return refuse(`reading ${name}: expected a JSON list, got ${json.ok ? 'another value' : json.message}`);
  const plan: T[] = [];
  for (const [index, item] of json.value.entries()) {
    const one = isRecord(item) ? read(item) : 'expected an object';
    if (typeof one === 'string') return refuse(`reading ${name}[${index}]: ${one}`);
    plan.push(one);
  }
  return { ok: true, plan };
}

function fileCopy({ key, targetPath, fileMode }: Readonly<Record<string, unknown>>, configMapPath: string): FileCopy | string {
  if (typeof key !== 'string' || key === '' || key.includes('/') || key === '.' || key === '..')
    return `expected key to be a ConfigMap's key, got ${shown(key)}`;
  if (!isAbsolute(targetPath)) return `expected targetPath to be an absolute path, got ${shown(targetPath)}`;
  const mode = fileMode ?? DEFAULT_FILE_MODE;
  if (typeof mode !== 'number' || !Number.isInteger(mode) || mode < 0 || mode > 0o777)
    return `expected fileMode to be a number from 0 to 511 (0777), got ${shown(fileMode)}`;
  return { source: `${configMapPath}/${key}`, target: targetPath, mode };
}

function folderCopy({ sourcePath, targetPath }: Readonly<Record<string, unknown>>): FolderCopy | string {
  if (!isAbsolute(sourcePath)) return `expected sourcePath to be an absolute path, got ${shown(sourcePath)}`;
  if (!isAbsolute(targetPath)) return `expected targetPath to be an absolute path, got ${shown(targetPath)}`;
  return { source: sourcePath, target: targetPath };
}

function isAbsolute(path: unknown): path is string {
  return typeof path === 'string' && path.startsWith('/');
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
