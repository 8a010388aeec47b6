import { spawnSync } from 'node:child_process';
import { debianToolchain } from './debian.ts';
import type { Provenance } from './provenance.ts';

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
 * The toolchain to build the engine with: Debian's packages, unpacked into the cache, where apt-get is (the committed engine is made so); else rustup's
 * target, where it is installed.
 * @throws when there is neither.
 */
export async function findToolchain(): Promise<Toolchain> {
  if (run('apt-get', ['--version']) !== null && run('dpkg', ['--version']) !== null) return debianToolchain();
  const targets = run('rustup', ['target', 'list', '--installed']) ?? '';
  if (targets.split('\n').includes('wasm32-wasip1')) return rustupToolchain();
  throw new Error(
    'building the engine: expected apt-get (Debian bookworm or newer) or rustup with the target wasm32-wasip1, found neither; `rustup target add wasm32-wasip1`',
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

/** Standard output of a program without the white space around it; null when it can't be run or fails. */
export function run(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): string | null {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, ...environment } });
  return status === 0 ? stdout.trim() : null;
}
