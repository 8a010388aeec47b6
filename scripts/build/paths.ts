import { fileURLToPath } from 'node:url';

/** The repository, with a slash behind it. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const DIST = `${ROOT}dist/`;
export const ENGINE_WASM = `${ROOT}core/engine/engine.wasm`;
