import { buildIfStale } from '#scripts/build.ts';

/** Vitest global set-up: tests that run `dist/core.wasm` and the executables never meet old ones. */
export async function setup(): Promise<void> {
  await buildIfStale();
}
