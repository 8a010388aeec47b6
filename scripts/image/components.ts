import { readProvenance } from '#scripts/engine/provenance.ts';
import type { LockedNpm } from '../build/npm-tarball.ts';
import type { BundledPackage } from './bundled.ts';
import type { Deb } from './debian.ts';
import type { Architecture } from './lock.ts';
import type { Component } from './sbom.ts';
import type { Tree } from './tree.ts';

/** Component of what this project built, and of what is of no package: accounts and the like. */
export const PROJECT = 'kubeopencode-runtime';
const CORE = 'core.wasm';
export const NODE = 'nodejs';
export const NPM = 'npm';

/** What the image is made of. */
export interface Parts {
  readonly version: string;
  readonly architecture: Architecture;
  readonly debs: readonly Deb[];
  readonly node: LockedNpm;
  readonly npm: LockedNpm;
  readonly npmFiles: Tree;
  readonly bundled: readonly BundledPackage[];
  readonly coreSha256: string;
}

export function componentsOf({ version, architecture, debs, node, npm, npmFiles, bundled, coreSha256 }: Parts): readonly Component[] {
  const { engine, crates } = readProvenance();
  return [
    { id: PROJECT, name: PROJECT, version, licence: 'Apache-2.0', purpose: 'APPLICATION' },
    ...bundled.map((one) => npmComponent(`bundled-npm-${idOf(one.name)}-${one.version}`, one, one.licence, PROJECT)),
    { id: CORE, name: CORE, version, licence: 'Apache-2.0', sha256: coreSha256, partOf: PROJECT, purpose: 'APPLICATION' },
    { id: 'engine.wasm', name: 'engine.wasm', version, licence: 'Apache-2.0', sha256: engine.sha256, partOf: CORE, purpose: 'LIBRARY' },
    ...crates.map(
      ({ name, version, sha256, licence }): Component => ({
        id: `crate-${idOf(name)}-${idOf(version)}`,
        name,
        version,
        licence: licence.replaceAll('/', ' OR '),
        purl: `pkg:cargo/${name}@${encodeURIComponent(version)}`,
        sha256,
        partOf: 'engine.wasm',
        purpose: 'LIBRARY',
      }),
    ),
    { ...npmComponent(NODE, node, undefined), purpose: 'APPLICATION' },
    { ...npmComponent(NPM, npm, 'Artistic-2.0'), purpose: 'APPLICATION' },
    ...packagesIn(npmFiles),
    ...debs.map((deb) => debComponent(deb, architecture)),
  ];
}

function npmComponent(
  id: string,
  { name, version, integrity }: { name: string; version: string; integrity: string | undefined },
  licence: string | undefined,
  partOf?: string,
): Component {
  const sha512 = /^sha512-(?<digest>\S+)$/.exec(integrity ?? '')?.groups?.digest;
  return {
    id,
    name,
    version,
    ...(licence === undefined ? {} : { licence }),
    purl: `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`,
    ...(sha512 === undefined ? {} : { sha512: Buffer.from(sha512, 'base64').toString('hex') }),
    ...(partOf === undefined ? {} : { partOf }),
    purpose: 'LIBRARY',
  };
}

/** The packages that npm brings in its own tarball. */
function packagesIn(npmFiles: Tree): readonly Component[] {
  return [...npmFiles].flatMap(([path, entry]) => {
    const folder = /^usr\/lib\/node_modules\/npm\/(?<folder>node_modules\/.+)\/package\.json$/.exec(path)?.groups?.folder;
    if (folder === undefined || entry.type !== 'file') return [];
    const { name, version, license } = JSON.parse(Buffer.from(entry.content).toString()) as {
      name?: string;
      version?: string;
      license?: unknown;
    };
    // Packages have files of that name below, too, which say how their modules are read.
    if (name === undefined || version === undefined) return [];
    const id = `npm-${idOf(folder.replaceAll('node_modules/', ''))}`;
    return [npmComponent(id, { name, version, integrity: undefined }, typeof license === 'string' ? license : undefined, NPM)];
  });
}

function debComponent({ name, version, sha256 }: Deb, architecture: Architecture): Component {
  const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}&distro=bookworm`;
  return { id: debId(name), name, version, purl: purl.replaceAll('+', '%2B'), sha256, purpose: 'OPERATING-SYSTEM' };
}

/** Component of a Debian package. */
export function debId(name: string): string {
  return `deb-${idOf(name)}`;
}

function idOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^-+/, '');
}
