import { debianToolchain } from './debian.ts';
import type { Provenance } from './provenance.ts';
import { run } from './run.ts';

/** A compiler for wasm32-wasip1, of Rust and of C. */
export interface Toolchain {
  readonly versions: Provenance['toolchain'];
  readonly debianPackages: Provenance['debianPackages'];
  /** For cargo. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cargoArguments: readonly string[];
  readonly rustFlags: readonly string[];
  /** Folders whose names must not get into the engine, and what stands for each. */
  readonly remap: Readonly<Record<string, string>>;
}

/**
 * The toolchain to build the engine with: Debian's packages, unpacked into the cache, where apt offers them (the committed engine is made so); else
 * rustup's target, where it is installed.
 * @throws when there is neither.
 */
export function findToolchain(): Toolchain {
  const debian = debianToolchain();
  if (debian) return debian;
  const targets = run('rustup', ['target', 'list', '--installed']) ?? '';
  if (targets.split('\n').includes('wasm32-wasip1')) return rustupToolchain();
  throw new Error(
    'building the engine: expected apt to offer rustc-web (Debian bookworm or newer, after `apt-get update`) or rustup to have the target wasm32-wasip1; `rustup target add wasm32-wasip1` adds it',
  );
}

/** C is compiled by the WASI SDK in `WASI_SDK`; without it rquickjs-sys downloads one. */
function rustupToolchain(): Toolchain {
  return {
    versions: {
      kind: 'rustup',
      rustc: run('rustc', ['--version']) ?? '',
      cargo: run('cargo', ['--version']) ?? '',
      'wasi-sdk': process.env.WASI_SDK ?? 'download',
    },
    debianPackages: [],
    environment: {},
    cargoArguments: [],
    rustFlags: [],
    remap: { [run('rustc', ['--print', 'sysroot']) ?? '/usr']: '/rust' },
  };
}
