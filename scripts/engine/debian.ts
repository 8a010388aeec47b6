import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { cacheFolder } from './cache.ts';
import { sha256 } from './provenance.ts';
import { run } from './run.ts';
import type { Toolchain } from './toolchain.ts';

/** Versions of Rust and LLVM that Debian's security team keeps for browsers (`1.96`, `22`): package names have them in. */
interface Release {
  readonly rust: string;
  readonly llvm: string;
}

function packagesOf({ rust, llvm }: Release): readonly string[] {
  return [
    'rustc-web',
    'rust-web-src',
    'libstd-rust-web-dev',
    `libstd-rust-web-${rust}`,
    `libllvm${llvm}`,
    `clang-${llvm}`,
    `lld-${llvm}`,
    `llvm-${llvm}`,
    `llvm-${llvm}-linker-tools`,
    `libclang-cpp${llvm}`,
    `libclang1-${llvm}`,
    `libclang-common-${llvm}-dev`,
    `libclang-rt-${llvm}-dev-wasm32`,
    'wasi-libc',
  ];
}

/** The release that is in the cache, else the one that apt offers; null when it offers none. */
function findRelease(debs: string): Release | null {
  const names = existsSync(debs) ? readdirSync(debs).join('\n') : run('apt-cache', ['depends', 'libstd-rust-web-dev']);
  const rust = /libstd-rust-web-(\d[\d.]*\d)/.exec(names ?? '')?.[1];
  if (rust === undefined) return null;
  const needed = existsSync(debs) ? names : run('apt-cache', ['depends', `libstd-rust-web-${rust}`]);
  const llvm = /libllvm(\d+)/.exec(needed ?? '')?.[1];
  return llvm === undefined ? null : { rust, llvm };
}

/**
 * Debian's packages, downloaded by apt (which checks their signatures) and unpacked into the cache; nothing is installed. Null where apt does not
 * offer them (or `apt-get update` was never run).
 * @throws when apt offers them and can't download them.
 */
export function debianToolchain(): Toolchain | null {
  const folder = cacheFolder('wasm-toolchain');
  const debs = `${folder}debs`;
  const release = findRelease(debs);
  if (!release) return null;
  const unpacked = `${folder}root`;
  if (!existsSync(debs)) once(debs, (draft) => download(release, draft));
  if (!existsSync(unpacked)) once(unpacked, (draft) => unpack(debs, draft));
  const sdk = `${folder}wasi-sdk`;
  if (!existsSync(sdk)) once(sdk, (draft) => layOut(release, unpacked, draft));

  const usr = `${unpacked}/usr`;
  const libraries = `${usr}/lib/${gnuTriplet()}`;
  const environment = {
    RUSTC: `${sdk}/bin/rustc`,
    // -Zbuild-std is an unstable flag of cargo; Debian has no compiled standard library for this target.
    RUSTC_BOOTSTRAP: '1',
    WASI_SDK: sdk,
    LIBCLANG_PATH: libraries,
    LD_LIBRARY_PATH: libraries,
    CARGO_TARGET_WASM32_WASIP1_LINKER: `${sdk}/bin/wasm-ld`,
    BINDGEN_EXTRA_CLANG_ARGS: `-resource-dir ${usr}/lib/llvm-${release.llvm}/lib/clang/${release.llvm}`,
  };
  const debianPackages = readdirSync(debs)
    .sort()
    .map((file) => describe(`${debs}/${file}`));
  return {
    versions: {
      kind: 'debian',
      cargo: run('cargo', ['--version'], environment) ?? 'none: install rustup (https://rustup.rs)',
      ...Object.fromEntries(debianPackages.map(({ name, version }) => [name, version])),
    },
    debianPackages,
    environment,
    cargoArguments: ['-Zbuild-std=std,panic_abort'],
    rustFlags: ['-Clinker-flavor=wasm-ld'],
    remap: { [usr]: '/rust' },
  };
}

/** Makes a folder whole or not at all, so that an interrupted run leaves nothing half done. */
function once(folder: string, make: (draft: string) => void): void {
  const draft = `${folder}.${process.pid}.tmp`;
  mkdirSync(draft, { recursive: true });
  try {
    make(draft);
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function download(release: Release, draft: string): void {
  const packages = packagesOf(release);
  console.error(`engine: downloading ${packages.length} Debian packages of Rust ${release.rust} and LLVM ${release.llvm} (about 180 MB)`);
  // apt gives its downloads to a user of its own.
  chmodSync(draft, 0o777);
  try {
    execFileSync('apt-get', ['download', '--quiet', ...packages], { cwd: draft, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (cause) {
    throw new Error(
      `downloading the toolchain: apt-get could not get all of ${packages.join(', ')}; run \`apt-get update\` and try again`,
      { cause },
    );
  }
}

function unpack(debs: string, draft: string): void {
  console.error('engine: unpacking the toolchain (about 1.1 GB)');
  for (const file of readdirSync(debs)) execFileSync('dpkg', ['-x', `${debs}/${file}`, draft]);
  // What rustup's component for this target carries: start objects and libc.
  const libc = `${draft}/usr/lib/wasm32-wasi`;
  const selfContained = `${draft}/usr/lib/rustlib/wasm32-wasip1/lib/self-contained`;
  mkdirSync(selfContained, { recursive: true });
  const files = readdirSync(libc).filter((file) => /^crt1-.*\.o$|^libc\.a$/.test(file));
  for (const file of files) copyFileSync(`${libc}/${file}`, `${selfContained}/${file}`);
}

/** The layout of a WASI SDK, which rquickjs-sys expects, and wrappers that find the unpacked libraries. */
function layOut({ llvm: version }: Release, unpacked: string, draft: string): void {
  const usr = `${unpacked}/usr`;
  const llvm = `${usr}/lib/llvm-${version}`;
  const programs = { clang: `${llvm}/bin/clang`, ar: `${llvm}/bin/llvm-ar`, 'wasm-ld': `${llvm}/bin/wasm-ld`, rustc: `${usr}/bin/rustc` };
  mkdirSync(`${draft}/bin`, { recursive: true });
  for (const [name, program] of Object.entries(programs)) {
    const script = `#!/bin/sh\nexport LD_LIBRARY_PATH=${usr}/lib/${gnuTriplet()}:${llvm}/lib\nexec ${program} "$@"\n`;
    writeFileSync(`${draft}/bin/${name}`, script, { mode: 0o755 });
  }
  const sysroot = `${draft}/share/wasi-sysroot`;
  for (const part of ['include', 'lib']) {
    mkdirSync(`${sysroot}/${part}`, { recursive: true });
    for (const target of ['wasm32-wasi', 'wasm32-wasip1']) symlinkSync(`${usr}/${part}/wasm32-wasi`, `${sysroot}/${part}/${target}`);
  }
}

function describe(file: string): { name: string; version: string; sha256: string } {
  const field = (name: string): string => execFileSync('dpkg-deb', ['--field', file, name], { encoding: 'utf8' }).trim();
  return { name: field('Package'), version: field('Version'), sha256: sha256(readFileSync(file)) };
}

function gnuTriplet(): string {
  return process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
}
