import { globSync, readFileSync } from 'node:fs';
import { ROOT } from '#scripts/build/paths.ts';
import { type ArchiveFile, sumsText, textFile } from './archive.ts';
import { controllerImageIn, imagesText } from './images.ts';

const MANIFESTS = 'host/manifests';
/** The guide of the archive; the repository has it where operators look. */
const GUIDE = 'host/AIR-GAPPED.md';

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
    { path: 'README.md', content: readFileSync(ROOT + GUIDE) },
    { path: 'LICENSE', content: readFileSync(`${ROOT}LICENSE`) },
    textFile('images.txt', imagesText(controllerImageIn(readFileSync(`${ROOT}${MANIFESTS}/controller/deployment.yaml`, 'utf8')))),
    { path: 'core.wasm', content: core },
    ...manifests(),
    ...within('plugin', plugin),
    ...within('image', image),
  ];
  const folder = `kubeopencode-runtime-${version}`;
  return within(folder, [...files, textFile('SHA256SUMS', sumsText(files))]);
}

/** CRDs, RBAC, Deployment, overlays and Helm chart as they are in the repository. */
function manifests(): readonly ArchiveFile[] {
  return globSync(`${MANIFESTS}/**/*`, { cwd: ROOT, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = `${entry.parentPath}/${entry.name}`;
      return { path: path.slice(path.indexOf(MANIFESTS) + 'host/'.length), content: readFileSync(path) };
    });
}

function within(folder: string, files: readonly ArchiveFile[]): readonly ArchiveFile[] {
  return files.map((file) => ({ ...file, path: `${folder}/${file.path}` }));
}
