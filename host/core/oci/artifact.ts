import { DIGEST } from './reference.ts';
import { MANIFEST_TYPE } from './registry.ts';

/** No core is larger. */
const MAX_CORE_BYTES = 64 * 1024 * 1024;
const WASM_LAYER = 'application/wasm';
/** The CNCF's "Wasm OCI artifact layout", and what a plain `oras push` writes. */
const CONFIGS = ['application/vnd.wasm.config.v0+json', 'application/vnd.oci.empty.v1+json'];

export interface Layer {
  readonly digest: string;
  readonly sizeBytes: number;
}

/** The one layer with WebAssembly of an artifact's manifest. Throws an error that says what is wrong. */
export function coreLayer(manifest: string): Layer {
  const fault = (came: string): Error =>
    new Error(`manifest: expected a Wasm artifact (${CONFIGS[0]}) with one layer of ${WASM_LAYER}, ${came}`);
  const { mediaType = MANIFEST_TYPE, config, layers }: Manifest = JSON.parse(manifest);
  if (mediaType !== MANIFEST_TYPE) throw fault(`it is of the type ${quote(mediaType)}`);
  if (!CONFIGS.includes(String(config?.mediaType))) throw fault(`its config is of the type ${quote(config?.mediaType)}`);
  if (!Array.isArray(layers) || layers.length !== 1) throw fault(`it has ${Array.isArray(layers) ? layers.length : 'no list of'} layers`);
  const [layer]: readonly Descriptor[] = layers;
  if (layer?.mediaType !== WASM_LAYER) throw fault(`its layer is of the type ${quote(layer?.mediaType)}`);
  const { digest, size } = layer;
  if (typeof digest !== 'string' || !DIGEST.test(digest)) throw fault(`its layer has the digest ${quote(digest)}`);
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 8 || size > MAX_CORE_BYTES)
    throw fault(`its layer has the size ${quote(size)}, not 8 to ${MAX_CORE_BYTES}`);
  return { digest, sizeBytes: size };
}

interface Descriptor {
  readonly mediaType?: unknown;
  readonly digest?: unknown;
  readonly size?: unknown;
}

interface Manifest {
  readonly mediaType?: unknown;
  readonly config?: Descriptor;
  readonly layers?: unknown;
}

function quote(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 100) ?? 'undefined';
}
