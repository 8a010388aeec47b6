import { type ArchiveFile, textFile } from './archive.ts';

/** What of a package.json the package takes over. */
export interface Project {
  readonly version: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
}

export interface PackageInput {
  readonly project: Project;
  /** The program as it was built, by its path below `dist/`. */
  readonly program: readonly ArchiveFile[];
  /** README, LICENSE and notices. */
  readonly texts: readonly ArchiveFile[];
}

export const PACKAGE_NAME = 'kubectl-opencode';

/** Files of the npm package, below the folder `package` that npm wants: what was built and nothing else, so that an install fetches nothing and runs no script. */
export function npmPackage(input: PackageInput): readonly ArchiveFile[] {
  return [...programFiles(input), textFile('package.json', manifestText(input.project))].map((file) => ({
    ...file,
    path: `package/${file.path}`,
  }));
}

/** The program for a Node that is there already, as it stands in the npm package. */
export function programFiles({ program, texts }: Pick<PackageInput, 'program' | 'texts'>): readonly ArchiveFile[] {
  return [...program, ...texts];
}

function manifestText({ version, license, engines }: Project): string {
  const manifest = {
    name: PACKAGE_NAME,
    version,
    description: 'kubectl opencode: plans, runs, shows, explains, stops and retries KubeOpenCode Tasks',
    keywords: ['kubectl-plugin', 'kubectl', 'kubernetes', 'kubeopencode', 'opencode'],
    license,
    type: 'module',
    engines,
    bin: { 'kubectl-opencode': 'bin/kubectl-opencode', 'kubectl_complete-opencode': 'bin/kubectl_complete-opencode' },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
