import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ENGINE_WASM, ROOT } from '#scripts/build/paths.ts';

export const CRATE = `${ROOT}core/engine/`;
const PROVENANCE = `${CRATE}PROVENANCE.json`;
const SOURCES = [
  'Cargo.toml',
  'Cargo.lock',
  'src/answer.rs',
  'src/bundle.rs',
  'src/heap.rs',
  'src/lib.rs',
  'src/limits.rs',
  'src/no-code-from-strings.js',
  'src/runtime.rs',
];

/** Where the committed `engine.wasm` comes from. */
export interface Provenance {
  /** Digests are hexadecimal SHA-256. */
  readonly engine: { readonly sha256: string; readonly sizeBytes: number };
  /** The crate's own files, names and contents. */
  readonly sources: { readonly sha256: string };
  /** Names and versions of what compiled it. */
  readonly toolchain: Readonly<Record<string, string>>;
  /** Debian packages that the toolchain was unpacked from; empty when it was another one. */
  readonly debianPackages: readonly { readonly name: string; readonly version: string; readonly sha256: string }[];
  /** What Cargo.lock fixes, with the licence that each names. */
  readonly crates: readonly { readonly name: string; readonly version: string; readonly sha256: string; readonly licence: string }[];
}

export function readProvenance(): Provenance {
  return JSON.parse(readFileSync(PROVENANCE, 'utf8')) as Provenance;
}

export function provenancePath(): string {
  return PROVENANCE;
}

export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

export function sourcesDigest(): string {
  const hash = createHash('sha256');
  for (const file of SOURCES)
    hash
      .update(`${file}\0`)
      .update(readFileSync(CRATE + file))
      .update('\0');
  return hash.digest('hex');
}

/** Crates of the lock file that came from a registry. */
export function lockedCrates(): Provenance['crates'] {
  const lock = readFileSync(`${CRATE}Cargo.lock`, 'utf8');
  const licences = crateLicences();
  const entries = lock.matchAll(/^name = "(?<name>.+)"\nversion = "(?<version>.+)"\nsource = "registry.+"\nchecksum = "(?<sha256>.+)"$/gm);
  return [...entries].map(({ groups: { name = '', version = '', sha256 = '' } = {} }) => {
    return { name, version, sha256, licence: licences.get(`${name}@${version}`) ?? 'none' };
  });
}

function crateLicences(): ReadonlyMap<string, string> {
  const args = ['metadata', '--locked', '--format-version', '1'];
  const output = execFileSync('cargo', args, {
    cwd: CRATE,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { packages } = JSON.parse(output) as { packages: { name: string; version: string; license: string | null }[] };
  return new Map(packages.map(({ name, version, license }) => [`${name}@${version}`, license ?? 'none']));
}

/** What speaks against the committed engine without building it: a text for each; empty when it is the one that its provenance describes. */
export function engineFaults(): readonly string[] {
  const provenance = readProvenance();
  const engine = sha256(readFileSync(ENGINE_WASM));
  return [
    ...(engine === provenance.engine.sha256 ? [] : [`engine.wasm has sha256 ${engine}, PROVENANCE.json says ${provenance.engine.sha256}`]),
    ...(sourcesDigest() === provenance.sources.sha256
      ? []
      : ['the crate was changed after engine.wasm was built: run `npm run engine -- --write`']),
  ];
}

/** An engine that was built just now. */
export interface Rebuilt {
  readonly sha256: string;
  readonly sourcesSha256: string;
  readonly toolchain: Provenance['toolchain'];
}

/** What a rebuilt engine says about the committed one. Only `Fault` is an error: another toolchain proves nothing either way. */
export type Verdict =
  | { readonly type: 'Same' }
  | { readonly type: 'OtherToolchain'; readonly differences: readonly string[] }
  | { readonly type: 'Fault'; readonly message: string };

export function judge(committed: Provenance, rebuilt: Rebuilt): Verdict {
  if (rebuilt.sha256 === committed.engine.sha256) return { type: 'Same' };
  if (rebuilt.sourcesSha256 !== committed.sources.sha256) {
    return { type: 'Fault', message: 'the crate was changed after engine.wasm was built: run `npm run engine -- --write`' };
  }
  const differences = toolchainDifferences(committed.toolchain, rebuilt.toolchain);
  if (differences.length > 0) return { type: 'OtherToolchain', differences };
  return {
    type: 'Fault',
    message: 'the same crate and the same toolchain gave another file: engine.wasm is not what PROVENANCE.json says',
  };
}

/** A line for each name whose versions differ. */
function toolchainDifferences(committed: Provenance['toolchain'], here: Provenance['toolchain']): readonly string[] {
  const names = [...new Set([...Object.keys(committed), ...Object.keys(here)])].sort();
  return names
    .filter((name) => committed[name] !== here[name])
    .map((name) => `${name}: ${committed[name] ?? 'none'} then, ${here[name] ?? 'none'} here`);
}
