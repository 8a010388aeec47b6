import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from '#scripts/build/paths.ts';
import { type ArchiveFile, sumsText, textFile } from './archive.ts';
import { controllerImageIn, imagesText } from './images.ts';

const MANIFESTS = 'host/manifests';
/** The guides; this archive's own is its README, too. */
const GUIDES = 'host/docs';
const README = `${GUIDES}/air-gapped.md`;

export interface AirGappedInput {
  readonly version: string;
  readonly core: Uint8Array;
  /** npm package, archives of executables, Krew manifest. */
  readonly plugin: readonly ArchiveFile[];
  /** What `npm run image` left: the image as an archive, its SBOM. */
  readonly image: readonly ArchiveFile[];
}

/** All that an installation without a way out needs and that we make, below one folder, with sums over all of it. */
export function airGapped({ version, core, plugin, image }: AirGappedInput): readonly ArchiveFile[] {
  const files = [
    textFile('README.md', readFileSync(ROOT + README, 'utf8').replaceAll(/\]\((?=[\w-]+\.md\))/g, '](docs/')),
    { path: 'LICENSE', content: readFileSync(`${ROOT}LICENSE`) },
    textFile('images.txt', imagesText(controllerImageIn(readFileSync(`${ROOT}${MANIFESTS}/controller/deployment.yaml`, 'utf8')))),
    { path: 'core.wasm', content: core },
    ...filesBelow(GUIDES),
    ...filesBelow(MANIFESTS),
    ...within('plugin', plugin),
    ...within('image', image),
  ];
  const folder = `kubeopencode-runtime-${version}`;
  return within(folder, [...files, textFile('SHA256SUMS', sumsText(files))]);
}

/** A folder of `host/`, as it is in the repository. */
function filesBelow(folder: string): readonly ArchiveFile[] {
  return globSync(`${folder}/**/*`, { cwd: ROOT, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(`${ROOT}host`, file).replaceAll('\\', '/'), content: readFileSync(file) }));
}

function within(folder: string, files: readonly ArchiveFile[]): readonly ArchiveFile[] {
  return files.map((file) => ({ ...file, path: `${folder}/${file.path}` }));
}
