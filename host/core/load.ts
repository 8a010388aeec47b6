import { existsSync } from 'node:fs';
import type { Engine } from '../engine/engine.ts';
import { loadEngine } from '../engine/wasm-engine.ts';
import { digestOf } from './oci/registry.ts';
import { type CoreSourceOptions, readCore } from './source.ts';

export interface CoreWanted {
  /** File, or `oci://…`; absent: the first of `besides` that is there. */
  readonly source?: string;
  /** Digest that core.wasm must have. */
  readonly digest?: string;
}

/** Loads a core, and checks digest and contract. Rejects with an error that says what was expected, and what to do. */
export async function loadCore(wanted: CoreWanted, besides: readonly string[], options: CoreSourceOptions): Promise<Engine> {
  return loadEngine(await coreBytes(wanted, besides, options));
}

/** Loads it when it is another than the last that this function loaded, or than `digest` at first; else null. A core that was refused is not offered again and again. */
export function otherCore(
  wanted: CoreWanted,
  besides: readonly string[],
  options: CoreSourceOptions,
  digest: string,
): () => Promise<Engine | null> {
  let last = digest;
  return async () => {
    const bytes = await coreBytes(wanted, besides, options);
    const came = digestOf(bytes);
    if (came === last) return null;
    last = came;
    return loadEngine(bytes);
  };
}

async function coreBytes({ source, digest }: CoreWanted, besides: readonly string[], options: CoreSourceOptions): Promise<Uint8Array> {
  const found = source ?? besides.find((file) => existsSync(file));
  if (found === undefined)
    throw new Error(`load the core: expected a file at ${besides.join(' or ')}; build it with "npm run build", or name one with --core`);
  if (source !== undefined && !source.startsWith('oci://') && !existsSync(source))
    throw new Error(
      `load the core: expected a file at ${source}, there is none; build it with "npm run build", or name another with --core`,
    );
  const bytes = await readCore(found, options);
  const came = digestOf(bytes);
  if (digest !== undefined && digest !== came)
    throw new Error(`load the core: expected ${digest} as --core-digest says, ${found} is ${came}`);
  return bytes;
}
