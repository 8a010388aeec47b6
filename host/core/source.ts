import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, sleep } from '../clock.ts';
import { coreLayer } from './oci/artifact.ts';
import { loginFor } from './oci/docker-config.ts';
import { OCI_SCHEME, parseReference, type Reference, referenceText } from './oci/reference.ts';
import { digestOf, openRegistry, type Registry } from './oci/registry.ts';
import type { HttpGet } from './oci/transport.ts';

export interface CoreSourceOptions {
  readonly clock: Clock;
  readonly get: HttpGet;
  /** Docker configuration with logins. */
  readonly authFile?: string;
  /** Folder in which pulled cores are kept by their digests; absent: none is. */
  readonly cacheFolder?: string;
}

const TRIES = 3;
const FIRST_WAIT_MS = 1_000;

/** Whether `--core` can be trusted as it stands: a file is the administrator's, a tag may become another artifact at any time. */
export function isPinned(source: string): boolean {
  return !source.startsWith(OCI_SCHEME) || parseReference(source)?.digest !== undefined;
}

/** Bytes of a core from a file, or from a registry (`oci://registry/repository@sha256:…`). Rejects with an error that says what to change. */
export async function readCore(source: string, options: CoreSourceOptions): Promise<Uint8Array> {
  if (!source.startsWith(OCI_SCHEME)) return readFileSync(source);
  const reference = parseReference(source);
  if (reference === undefined) throw new Error(`load the core: expected oci://registry/repository@sha256:…, came ${source}`);
  const cache = cacheIn(options.cacheFolder);
  const { authFile, get, clock } = options;
  const login = authFile === undefined ? undefined : loginFor(readFileSync(authFile, 'utf8'), reference.registry, reference.repository);
  const registry = openRegistry({ reference, get, login });
  for (let tries = 1; ; tries += 1) {
    try {
      return await pull(reference, registry, cache);
    } catch (error) {
      if (tries === TRIES) throw new Error(`load the core from ${referenceText(reference)}`, { cause: error });
      await sleep(clock, FIRST_WAIT_MS * 2 ** tries);
    }
  }
}

async function pull({ digest }: Reference, registry: Registry, cache: Cache): Promise<Uint8Array> {
  const known = digest === undefined ? undefined : cache.read(digest);
  const manifest = known === undefined ? await registry.manifest() : { bytes: known, digest: digestOf(known) };
  const layer = coreLayer(Buffer.from(manifest.bytes).toString('utf8'));
  const bytes = cache.read(layer.digest) ?? (await registry.blob(layer.digest, layer.sizeBytes));
  cache.write(manifest.digest, manifest.bytes);
  cache.write(layer.digest, bytes);
  return bytes;
}

interface Cache {
  /** undefined: it is not there, or not what its name says. */
  read(digest: string): Buffer | undefined;
  write(digest: string, bytes: Uint8Array): void;
}

function cacheIn(folder: string | undefined): Cache {
  if (folder === undefined) return { read: () => undefined, write: () => {} };
  const fileOf = (digest: string): string => join(folder, digest.replace(':', '-'));
  return {
    read: (digest) => {
      if (!existsSync(fileOf(digest))) return undefined;
      const bytes = readFileSync(fileOf(digest));
      return digestOf(bytes) === digest ? bytes : undefined;
    },
    write: (digest, bytes) => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // Whole or not at all.
      writeFileSync(`${fileOf(digest)}.tmp`, bytes, { mode: 0o600 });
      renameSync(`${fileOf(digest)}.tmp`, fileOf(digest));
    },
  };
}
