import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { ROOT } from '#scripts/build/paths.ts';
import { readProvenance } from '#scripts/engine/provenance.ts';

/** What of others is in what we give away. */
interface Part {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Empty where the part came without. */
  readonly text: string;
}

const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;

/** The notices that the licences of others ask for: npm packages in a bundle with the text of their licence, crates in the engine by name. Throws where a package names none. */
export function noticesText(metafile: Pick<Metafile, 'inputs'>): string {
  const packages = packagesIn(metafile).map(readPackage);
  const crates = readProvenance().crates.map(({ name, version, licence }) => `${name} ${version}: ${licence}\n`);
  return [
    'This program has parts of others in it, whose licences follow.\n',
    ...packages.map(({ name, version, licence, text }) => `${'='.repeat(80)}\n${name} ${version} (${licence})\n\n${text.trim()}\n`),
    `${'='.repeat(80)}\nIn core.wasm: QuickJS, Javy and these crates of Rust\n\n${crates.join('')}`,
  ].join('\n');
}

/** Folders of the packages of which something is in a bundle, from the repository; of two versions of one package each has its own. */
export function packagesIn({ inputs }: Pick<Metafile, 'inputs'>): readonly string[] {
  const folders = Object.keys(inputs).flatMap((path) => /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? []);
  return [...new Set(folders)].sort();
}

function readPackage(place: string): Part {
  const folder = join(ROOT, place);
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  if (license === undefined) throw new Error(`telling the licence of ${name}: its package.json names none`);
  const files = readdirSync(folder).filter((file) => LICENCE_FILE.test(file));
  return { name, version, licence: license, text: files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n') };
}
