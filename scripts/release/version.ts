import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import { ROOT } from '#scripts/build/paths.ts';

/** Puts the version of the release in the place of that in package.json, for a program that tells its own. */
export function versionPlugin(version: string): Plugin {
  return {
    name: 'version',
    setup({ onLoad }) {
      onLoad({ filter: /package\.json$/ }, async ({ path }) => {
        if (path !== `${ROOT}package.json`) return undefined;
        const manifest = JSON.parse(await readFile(path, 'utf8')) as object;
        return { loader: 'json', contents: JSON.stringify({ ...manifest, version }) };
      });
    },
  };
}

/** Source: semver.org, without the build metadata that neither npm nor Krew keep. */
const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** Throws where it is no version that npm and Krew take. */
export function assertVersion(version: string): void {
  if (!SEMVER.test(version))
    throw new Error(`--version ${version}: want a semantic version such as 1.2.3 or 1.2.3-rc.1, without a leading v`);
}
