import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { snapshotEngine } from '#scripts/build/snapshot.ts';
import { cacheFolder } from './cache.ts';
import { CRATE } from './provenance.ts';
import type { Toolchain } from './toolchain.ts';

/** Bounds the depth of recursion, independently of the host's stack. Part of the memory image, so not larger than needed. */
const STACK_BYTES = 128 * 1024;
/** What a sandbox can ever have; a decision's own limit is lower. */
const MEMORY_BYTES = 128 * 1024 * 1024;

/** Compiles the crate and starts its JavaScript runtime: the bytes of `engine.wasm`. Takes 1 to 7 minutes; cargo talks on stderr. */
export function compileEngine(toolchain: Toolchain): Uint8Array {
  const target = cacheFolder('engine-target');
  const cargoHome = process.env.CARGO_HOME || `${homedir()}/.cargo`;
  const remap = { ...toolchain.remap, [target]: '/target/', [cargoHome]: '/cargo', [CRATE]: '/engine/' };
  const flags = [
    ...Object.entries(remap).map(([from, to]) => `--remap-path-prefix=${from}=${to}`),
    ...toolchain.rustFlags,
    `-Clink-arg=-zstack-size=${STACK_BYTES}`,
    `-Clink-arg=--max-memory=${MEMORY_BYTES}`,
  ];
  const args = ['build', '--locked', '--release', '--target', 'wasm32-wasip1', ...toolchain.cargoArguments];
  const { status, error } = spawnSync('cargo', args, {
    cwd: CRATE,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      ...toolchain.environment,
      CARGO_TARGET_DIR: target,
      CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f'),
      SOURCE_DATE_EPOCH: '0',
    },
  });
  if (status !== 0) {
    throw new Error(
      `compiling the engine: cargo ${error ? `can't be run (${error.message}); install rustup (https://rustup.rs)` : `ended with ${status}`}`,
    );
  }
  return snapshotEngine(readFileSync(`${target}wasm32-wasip1/release/kubeopencode_engine.wasm`));
}
