import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { unpackTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '#scripts/build/paths.ts';
import { type ArchiveFile, sha256 } from '#scripts/release/archive.ts';
import { krewTools } from '#scripts/release/krew-tools.ts';
import { findNode } from '#scripts/release/nodes.ts';
import { PLATFORMS } from '#scripts/release/platforms.ts';
import { bundleSingle, inspect, makeBlob } from '#scripts/release/single.ts';
import { named, release, said, VERSION, written } from './support.ts';

/** Of the platforms only this one can be run, and putting a program into a Node takes a while. The release itself looks into those of the others. */
const own = PLATFORMS.find(({ nodePackage }) => nodePackage === `node-${process.platform}-${process.arch}`);
const nodeFolder = own === undefined ? undefined : findNode(own);

const TASK = join(ROOT, 'host/manifests/examples/task.yaml');

describe.skipIf(own?.os !== 'linux' || nodeFolder === undefined)('an executable of one file', () => {
  let files: readonly ArchiveFile[];
  let folder: string;
  let program: string;
  let archive: ArchiveFile;
  beforeAll(async () => {
    if (own === undefined || nodeFolder === undefined) throw new Error('expected a Node of this platform');
    files = await release({ platforms: [{ platform: own, nodeFolder }] });
    archive = named(files, `kubectl-opencode_v${VERSION}_linux_${own.arch}.tar.gz`);
    folder = mkdtempSync(join(tmpdir(), 'single-'));
    program = join(folder, 'kubectl-opencode');
    const entries = await unpackTar(gunzipSync(archive.content));
    expect(entries.map(({ header }) => `${header.name} ${(header.mode ?? 0).toString(8)}`)).toEqual([
      'LICENSE 644',
      'THIRD-PARTY-NOTICES.txt 644',
      'kubectl-opencode 755',
    ]);
    writeFileSync(program, entries[2]?.data ?? '', { mode: 0o755 });
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** With nothing beside it, and no Node to be found. */
  const run = (...args: readonly string[]): Promise<string> => said(program, args, { PATH: '', HOME: folder });

  test('helps, plans with the core that is in it, and tells its version', async () => {
    expect(await run('--help')).toMatch(/^Usage: kubectl opencode /);
    expect(await run('plan', '-f', TASK)).toContain('Ends +');
    expect(JSON.parse(await run('version', '--client', '-o', 'json'))).toMatchObject({ plugin: VERSION });
    expect(await run('schema', 'plan')).toContain('urn:kubeopencode:schema:plan:v1');
  });

  test('completes where it is called by the name of kubectl’s completion', async () => {
    symlinkSync('kubectl-opencode', join(folder, 'kubectl_complete-opencode'));
    expect(await said(join(folder, 'kubectl_complete-opencode'), ['pl'], { PATH: '' })).toMatch(/^plan\t/);
  });

  test('is installed by Krew from its archive', async (context) => {
    const tools = await krewTools().catch((error: unknown) => context.skip(`no Krew: ${String(error)}`));
    const place = written([named(files, 'plugins/opencode.yaml'), archive]);
    const env = { KREW_ROOT: join(place, 'krew'), KREW_OS: 'linux', KREW_ARCH: own?.arch ?? '' };
    await said(tools.validate, ['-manifest', join(place, 'plugins/opencode.yaml'), '-skip-install']);
    await said(
      tools.krew,
      ['install', `--manifest=${join(place, 'plugins/opencode.yaml')}`, `--archive=${join(place, archive.path)}`],
      env,
    );
    expect(await said(join(place, 'krew/bin/kubectl-opencode'), ['plan', '-f', TASK])).toContain('Ends +');
    rmSync(place, { recursive: true });
  }, 600_000);

  test('has the same in it whenever it is made, parsed code, too', async () => {
    const [core, { code }] = [named(files, `core_v${VERSION}.wasm`).content, await bundleSingle(VERSION)];
    const [first, second] = [await makeBlob({ code, core, isOwn: true }), await makeBlob({ code, core, isOwn: true })];
    expect(sha256(second)).toBe(sha256(first));
    expect(readFileSync(program).includes(Buffer.from(first))).toBe(true);
    expect(first.length).toBeGreaterThan((await makeBlob({ code, core, isOwn: false })).length);
  });

  test('is told from a Node without a program by its bytes', () => {
    expect(inspect(readFileSync(program))).toEqual({ format: 'ELF', machine: own?.arch, hasProgram: true });
    expect(inspect(readFileSync(process.execPath))).toMatchObject({ format: 'ELF', hasProgram: false });
    expect(inspect(new TextEncoder().encode('#!/bin/sh'))).toEqual({ format: undefined, machine: undefined, hasProgram: false });
  });
});
