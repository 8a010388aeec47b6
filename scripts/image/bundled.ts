import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Metafile } from 'esbuild';
import { metafilePath } from '#scripts/build/output.ts';
import { ROOT } from '#scripts/build/paths.ts';

/** An npm package whose code is in one of our bundles. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly integrity: string | undefined;
  /** Its folder, from the repository. */
  readonly folder: string;
}

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
}

/** The packages that esbuild put into a bundle (`host`, `helpers`, `core`), by name. */
export function bundledPackages(bundles: readonly string[]): readonly BundledPackage[] {
  return packagesIn(bundles.map(metafileOf));
}

/** The same of bundles that are not in `dist/`, by esbuild's account of them. */
export function packagesIn(metafiles: readonly Pick<Metafile, 'inputs'>[]): readonly BundledPackage[] {
  const { packages } = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as {
    packages: Record<string, LockedPackage | undefined>;
  };
  const folders = new Set(metafiles.flatMap(({ inputs }) => Object.keys(inputs)).flatMap(packageFolder));
  return [...folders].sort().map((folder) => {
    const { version, license, integrity } = packages[folder] ?? {};
    if (version === undefined) throw new Error(`listing what is bundled: expected ${folder} in package-lock.json, it is not there`);
    return { name: folder.replace(/^.*node_modules\//, ''), version, licence: license ?? 'NOASSERTION', integrity, folder };
  });
}

function metafileOf(bundle: string): Metafile {
  return JSON.parse(readFileSync(metafilePath(bundle), 'utf8')) as Metafile;
}

/** `node_modules/a/node_modules/@b/c/d.js` -> `node_modules/a/node_modules/@b/c`. */
function packageFolder(input: string): readonly string[] {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
}

/** The licences of the bundled packages, which a bundle does not carry in itself. */
export function notices(packages: readonly BundledPackage[]): string {
  const parts = packages.map(({ name, version, licence, folder }) => {
    const texts = licenceFiles(ROOT + folder).map((name) => readFileSync(`${ROOT}${folder}/${name}`, 'utf8').trim());
    return [`${name} ${version} (${licence})`, ...texts].join('\n\n');
  });
  return `This program holds code of the following packages.\n\n${parts.join(`\n\n${'-'.repeat(78)}\n\n`)}\n`;
}

function licenceFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^(licen[cs]e|copying|notice)/i.test(name))
    .sort();
}
