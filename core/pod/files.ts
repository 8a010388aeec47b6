import { fnv1a32 } from '../units/hash.ts';
import { cutName, MAX_NAME_LENGTH } from '../units/names.ts';

/** A file that context-init writes. */
export interface FileMount {
  /** Clean absolute path. */
  readonly path: string;
  readonly content: string;
  /** Default: 0644. */
  readonly fileMode?: number;
  /** Where it comes from, for messages. */
  readonly origin: string;
}

/** A file with its key in the ConfigMap that carries it there. */
export interface KeyedFile extends FileMount {
  readonly key: string;
}

/**
 * Each file with a key of its own: the path without its first slash, other slashes as `-`, as upstream has it; where that is no key, or another path's already
 * (`/a/b` and `/a-b`), with a hash of the path. `reserved` are keys with the path that they belong to.
 */
export function withKeys(files: readonly FileMount[], reserved: ReadonlyMap<string, string>): readonly KeyedFile[] {
  const taken = new Map(reserved);
  return files.map((file) => {
    const key = freeKey(file.path, taken);
    taken.set(key, file.path);
    return { ...file, key };
  });
}

function freeKey(path: string, taken: ReadonlyMap<string, string>): string {
  const isFree = (key: string): boolean => (taken.get(key) ?? path) === path;
  const plain = path.slice(1).replaceAll('/', '-');
  if (isConfigMapKey(plain) && isFree(plain)) return plain;
  const readable = plain.replace(/[^-._a-zA-Z0-9]/g, '_').replace(/^\.+/, '_');
  for (let salt = 0; ; salt++) {
    const key = cutName(readable, `-${fnv1a32(salt === 0 ? path : `${path}#${salt}`)}`, MAX_NAME_LENGTH);
    if (isFree(key)) return key;
  }
}

/** Source: apimachinery validation.IsConfigMapKey. */
function isConfigMapKey(key: string): boolean {
  return /^[-._a-zA-Z0-9]{1,253}$/.test(key) && key !== '.' && !key.startsWith('..');
}
