import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What an image holds and runs. */
export interface ImageContent {
  readonly name: string;
  /** Path in the image -> text of an executable file. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Path in the image -> an executable file of this machine. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
}

const APPLETS = ['sh', 'cat', 'cp', 'dd', 'dirname', 'echo', 'ln', 'mkdir', 'sed', 'sleep', 'touch', 'tr', 'trap', 'true'];

/** Writes an image of busybox and scripts as a docker-archive, without a container engine. */
export function writeImage(busybox: string, { name, scripts, programs = {}, entrypoint }: ImageContent, file: string): void {
  const folder = mkdtempSync(`${file}.`);
  try {
    const root = join(folder, 'root');
    mkdirSync(join(root, 'bin'), { recursive: true });
    mkdirSync(join(root, 'tmp'), { mode: 0o1777 });
    copyFileSync(busybox, join(root, 'bin/busybox'));
    chmodSync(join(root, 'bin/busybox'), 0o755);
    for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
    for (const [path, text] of Object.entries(scripts)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text, { mode: 0o755 });
    }
    for (const [path, program] of Object.entries(programs)) copyFileSync(program, join(root, path));
    const layer = join(folder, 'layer.tar');
    execFileSync('tar', ['--create', '--file', layer, '--directory', root, '--owner=0', '--group=0', '--numeric-owner', '.']);
    const config = JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Entrypoint: entrypoint, Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(readFileSync(layer))}`] },
      history: [{ created_by: 'test' }],
    });
    const configName = `${sha256(config)}.json`;
    writeFileSync(join(folder, configName), config);
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify([{ Config: configName, RepoTags: [name], Layers: ['layer.tar'] }]));
    execFileSync('tar', ['--create', '--file', file, '--directory', folder, configName, 'layer.tar', 'manifest.json']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
