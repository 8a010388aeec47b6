import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '#scripts/build/paths.ts';
import { airGapped } from './air-gapped.ts';
import { type ArchiveFile, sha256, sumsText, tar, tarGz, textFile } from './archive.ts';
import { KREW_NAME, type KrewPlatform, krewManifest } from './krew.ts';
import { nodeLicence } from './nodes.ts';
import { noticesText } from './notices.ts';
import { npmPackage, PACKAGE_NAME, type Project, programFiles } from './npm-package.ts';
import { executableName, type Platform, platformName } from './platforms.ts';
import { buildProgram, type Program } from './program.ts';
import { bundleSingle, inspect, makeBlob, makeSingle } from './single.ts';

export interface ReleaseInput {
  readonly project: Project;
  /** Where the archives will be, for the Krew manifest. */
  readonly baseUrl: string;
  /** Platforms that executables of one file are made for, each with the folder of its Node. */
  readonly platforms: readonly { readonly platform: Platform; readonly nodeFolder: string }[];
  /** The image and its SBOM, for the air-gapped archive. */
  readonly image: readonly ArchiveFile[];
  /** Says one line of progress. */
  readonly report: (line: string) => void;
}

/** Every file of a release, by its name in the release's folder. The same sources and the same Node give the same bytes. */
export async function makeRelease(input: ReleaseInput): Promise<readonly ArchiveFile[]> {
  const { project, baseUrl, report } = input;
  const { version } = project;
  const program = await buildProgram(version);
  const parts = { project, program: program.files, texts: textsOf(program) };
  const npm = { path: `${PACKAGE_NAME}-${version}.tgz`, content: await tarGz(npmPackage(parts)) };
  report(`${npm.path}: the plugin for npm`);
  const forNode = { path: `${PACKAGE_NAME}_v${version}_node.tar.gz`, content: await tarGz(programFiles(parts)) };
  report(`${forNode.path}: the plugin for a Node that is there`);
  const singles = await makeSingles(input, program);
  const platforms: readonly KrewPlatform[] = [
    ...singles.map(({ archive, platform: { os, arch }, bin }) => ({
      os,
      arch,
      archive: archive.path,
      sha256: sha256(archive.content),
      bin,
    })),
    { os: 'darwin', archive: forNode.path, sha256: sha256(forNode.content), bin: 'bin/kubectl-opencode' },
  ];
  const krew = textFile(`plugins/${KREW_NAME}.yaml`, krewManifest({ version, baseUrl, platforms }));
  report(`${krew.path}: the manifest for Krew, ${platforms.length} platforms`);
  const plugin = [npm, forNode, ...singles.map(({ archive }) => archive), krew];
  const all = {
    path: `kubeopencode-runtime_v${version}_air-gapped.tar`,
    content: await tar(airGapped({ version, core: program.core, plugin, image: input.image })),
  };
  report(
    `${all.path}: everything for a cluster without a way out${input.image.length === 0 ? ', but for the image: npm run image makes it' : ''}`,
  );
  const files = [...plugin, { path: `core_v${version}.wasm`, content: program.core }, all];
  return [...files, textFile('SHA256SUMS', sumsText(files))];
}

interface Single {
  readonly platform: Platform;
  readonly archive: ArchiveFile;
  /** Path of the program in the archive. */
  readonly bin: string;
}

async function makeSingles({ project: { version }, platforms, report }: ReleaseInput, program: Program): Promise<readonly Single[]> {
  if (platforms.length === 0) return [];
  const { code, metafile } = await bundleSingle(version);
  const singles: Single[] = [];
  // One after the other: putting a program into a Node takes a gigabyte of memory.
  for (const { platform, nodeFolder } of platforms) {
    const blob = await makeBlob({ code, core: program.core, isOwn: isOwn(platform) });
    const content = await makeSingle(join(nodeFolder, platform.nodeFile), blob);
    assertExecutable(content, platform);
    const bin = executableName(platform);
    const files = [
      { path: bin, content, mode: 0o755 },
      { path: 'LICENSE', content: readFileSync(`${ROOT}LICENSE`) },
      textFile('THIRD-PARTY-NOTICES.txt', `${noticesText(metafile)}\n${nodeLicence()}`),
    ];
    const archive = { path: `${PACKAGE_NAME}_v${version}_${platformName(platform)}.tar.gz`, content: await tarGz(files) };
    report(`${archive.path}: one file that needs no Node, ${Math.ceil(content.length / 1e6)} MB`);
    singles.push({ platform, archive, bin });
  }
  return singles;
}

/** Those of other platforms can't be run here: that they are what they should be is told from their bytes. */
function assertExecutable(content: Uint8Array, platform: Platform): void {
  const { format, machine, hasProgram } = inspect(content);
  if (format !== platform.format || machine !== platform.arch || !hasProgram) {
    const came = `${format ?? 'no'} executable for ${machine ?? 'no machine'}, ${hasProgram ? 'with' : 'without'} the program`;
    throw new Error(
      `making the executable for ${platformName(platform)}: expected ${platform.format} for ${platform.arch} with the program in it, came ${came}`,
    );
  }
}

/** Whether the platform is that of the Node that runs here, in npm's words. */
function isOwn({ nodePackage }: Platform): boolean {
  const os = process.platform === 'win32' ? 'win' : process.platform;
  return nodePackage === `node-${os}-${process.arch}`;
}

function textsOf({ metafile }: Program): readonly ArchiveFile[] {
  return [
    { path: 'README.md', content: readFileSync(`${ROOT}plugin/README.md`) },
    { path: 'LICENSE', content: readFileSync(`${ROOT}LICENSE`) },
    textFile('THIRD-PARTY-NOTICES.txt', noticesText(metafile)),
  ];
}
