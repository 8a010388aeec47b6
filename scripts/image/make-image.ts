import { sha256 } from '#scripts/engine/provenance.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { bundledPackages, notices } from './bundled.ts';
import { componentsOf, debId, NODE, NPM, PROJECT } from './components.ts';
import { fetchDebs, type WhenGone } from './debian.ts';
import { imageConfig } from './image-config.ts';
import { type Architecture, lockedNode, readLock } from './lock.ts';
import { npmPackage } from './npm-package.ts';
import { archiveOf, layoutFiles, type OciImage, ociImage } from './oci.ts';
import { nodeFiles, npmFiles, PATHS, projectFiles, systemFiles } from './own-files.ts';
import { type OwnedFile, spdxOf } from './sbom.ts';
import { missingLibraries, type Owned, selectFiles } from './selection.ts';
import { file, type Tree, union } from './tree.ts';

/** What an image is wanted. */
export interface ImageOrder {
  readonly architecture: Architecture;
  /** Full name with tag. */
  readonly reference: string;
  /** Seconds since the epoch, for the image and everything in it. */
  readonly createdSeconds: number;
  /** The commit that it is made of; absent: not said. */
  readonly revision?: string;
  readonly whenGone: WhenGone;
}

/** An image as it is written. */
export interface MadeImage {
  readonly image: OciImage;
  readonly layout: ReadonlyMap<string, Uint8Array>;
  readonly archive: Uint8Array;
  /** SPDX 2.3 as JSON; the image has it, too. */
  readonly sbom: string;
}

/**
 * Makes the image of what is in `dist/`, and of what package registries have. The same sources, lock and order give the same digest.
 * @throws when something of it can't be had, or needs a library that the image would not have.
 */
export async function makeImage(order: ImageOrder): Promise<MadeImage> {
  const { architecture, reference, createdSeconds } = order;
  const lock = readLock();
  const lockedNodePackage = lockedNode(architecture);
  const [debs, nodePackage, npmPackaged] = await Promise.all([
    fetchDebs(lock.debian[architecture], architecture, order.whenGone),
    npmPackage(lockedNodePackage),
    npmPackage(lock.npm),
  ]);
  const bundled = bundledPackages(['host', 'helpers', 'core']);
  const node = nodeFiles(nodePackage);
  const npm = npmFiles(npmPackaged);
  const debian = selectFiles(debs, node);
  const project = union(systemFiles(), projectFiles(notices(bundled)));
  const debianTree: Tree = new Map([...debian].map(([path, [, entry]]) => [path, entry]));
  const missing = missingLibraries(union(debianTree, node));
  if (missing.length > 0) throw new Error(`making the image: libraries are missing:\n${missing.join('\n')}`);

  const owners = new Set([...debian.values()].map(([owner]) => owner));
  const core = project.get('usr/lib/kubeopencode/core.wasm');
  const components = componentsOf({
    version: packageJson.version,
    architecture,
    debs: debs.filter(({ name }) => owners.has(name)),
    node: lockedNodePackage,
    npm: lock.npm,
    npmFiles: npm,
    bundled,
    coreSha256: core?.type === 'file' ? sha256(core.content) : '',
  });
  const files = [...ownedDebian(debian), ...owned(node, NODE), ...owned(npm, NPM), ...owned(project, PROJECT)];
  const sbom = spdxOf({ name: 'kubeopencode-host', version: packageJson.version, architecture, createdSeconds }, components, files);
  const layers = [
    { name: "Debian's git, ssh, busybox and libraries", tree: debianTree },
    { name: 'Node.js', tree: node },
    { name: 'npm', tree: npm },
    { name: 'host, core and helpers', tree: union(project, new Map([[PATHS.sbom.slice(1), file(sbom)]])) },
  ];
  const image = await ociImage(layers, imageConfig(order));
  const layout = layoutFiles(image, architecture, reference);
  return { image, layout, archive: await archiveOf(image, layout, reference), sbom };
}

function ownedDebian(debian: Owned): readonly OwnedFile[] {
  return [...debian].map(([path, [owner, entry]]) => ({ path, entry, owner: debId(owner) }));
}

function owned(tree: Tree, owner: string): readonly OwnedFile[] {
  return [...tree].map(([path, entry]) => ({ path, entry, owner }));
}
