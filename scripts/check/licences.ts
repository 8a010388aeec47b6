import { readFileSync } from 'node:fs';
import { ROOT } from '#scripts/build/paths.ts';
import { readProvenance } from '#scripts/engine/provenance.ts';

/** Licences (SPDX) of what we ship or build with: none asks anything of those who use the result but to keep its notice. */
const FINE = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'PSF-2.0',
  'Python-2.0',
  'Unicode-3.0',
  'Unlicense',
  'Zlib',
  'LLVM-exception',
]);
/** Fine for tools that run here and leave nothing in what we ship. */
const FINE_FOR_TOOLS = new Set([...FINE, 'MPL-2.0']);

interface LockedPackage {
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

/** A text for each npm package and crate whose licence is missing or not on the list, as package-lock.json and PROVENANCE.json give them. */
export function licenceFaults(): readonly string[] {
  const { packages } = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as { packages: Record<string, LockedPackage> };
  const npm = Object.entries(packages)
    .filter(([path]) => path !== '')
    .filter(([, entry]) => !isAllowed(entry.license, entry.dev === true || entry.devOptional === true ? FINE_FOR_TOOLS : FINE))
    .map(([path, { license }]) => `npm package ${path.replace(/^.*node_modules\//, '')}: ${license ?? 'no licence'}`);
  const crates = readProvenance()
    .crates.filter(({ licence }) => !isAllowed(licence, FINE))
    .map(({ name, licence }) => `crate ${name}: ${licence}`);
  return [...npm, ...crates];
}

/**
 * Whether an SPDX expression can be satisfied by the list: `OR` needs one side, `AND` and `WITH` both. Cargo's old `/` means OR.
 * Source: SPDX 2.3, Annex D.
 */
export function isAllowed(expression: string | undefined, fine: ReadonlySet<string>): boolean {
  const words = (expression ?? '').replaceAll('/', ' OR ').match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  const alternatives = (): boolean => {
    let allowed = conjunction();
    while (words[at] === 'OR') {
      at += 1;
      allowed = conjunction() || allowed;
    }
    return allowed;
  };
  const conjunction = (): boolean => {
    let allowed = single();
    while (words[at] === 'AND' || words[at] === 'WITH') {
      at += 1;
      allowed = single() && allowed;
    }
    return allowed;
  };
  const single = (): boolean => {
    const word = words[at];
    at += 1;
    if (word !== '(') return word !== undefined && fine.has(word);
    const allowed = alternatives();
    at += 1;
    return allowed;
  };
  return alternatives() && at === words.length;
}
