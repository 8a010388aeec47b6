import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { unpackTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_IMAGES } from '#core/pod/images.ts';
import { ROOT } from '#scripts/build/paths.ts';
import { type ArchiveFile, sha256 } from '#scripts/release/archive.ts';
import { krewTools } from '#scripts/release/krew-tools.ts';
import { named, release, said, VERSION, written } from './support.ts';

const TASK = `${ROOT}host/manifests/examples/task.yaml`;
const IMAGE = [{ path: 'kubeopencode.tar', content: new TextEncoder().encode('an image') }];

let files: readonly ArchiveFile[];
let folder: string;
beforeAll(async () => {
  files = await release({ image: IMAGE });
  folder = written(files);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function entriesOf({ content }: ArchiveFile): Promise<ReadonlyMap<string, Uint8Array>> {
  const bytes = content[0] === 0x1f ? gunzipSync(content) : content;
  const entries = await unpackTar(bytes);
  return new Map(entries.map(({ header, data }) => [header.name, data ?? new Uint8Array()]));
}

const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

test('the same sources give the same bytes', async () => {
  const again = await release({ image: IMAGE });
  expect(again.map(({ path, content }) => `${path} ${sha256(content)}`)).toEqual(
    files.map(({ path, content }) => `${path} ${sha256(content)}`),
  );
}, 120_000);

test('SHA256SUMS has every file of the release, as sha256sum reads it', async () => {
  expect(
    textOf(named(files, 'SHA256SUMS').content)
      .match(/ {2}.+$/gm)
      ?.map((line) => line.trim()),
  ).toEqual(
    files
      .map(({ path }) => path)
      .filter((path) => path !== 'SHA256SUMS')
      .sort(),
  );
  expect(await said('sh', ['-c', `cd ${folder} && sha256sum --check --strict SHA256SUMS`])).toMatch(/^(.+: OK\n)+$/);
});

describe('the npm package', () => {
  const name = `kubectl-opencode-${VERSION}.tgz`;

  test('has what was built and nothing else: no dependency, no script, no source, no Node', async () => {
    const entries = await entriesOf(named(files, name));
    const manifest = JSON.parse(textOf(entries.get('package/package.json'))) as Record<string, unknown>;
    expect(Object.keys(manifest).sort()).toEqual(['bin', 'description', 'engines', 'keywords', 'license', 'name', 'type', 'version']);
    const unexpected = [...entries.keys()].filter(
      (path) =>
        !/^package\/(bin\/(kubectl-opencode|kubectl_complete-opencode|package\.json)|kubectl-opencode\.mjs|chunks\/[\w.-]+\.mjs|core\.wasm|README\.md|LICENSE|THIRD-PARTY-NOTICES\.txt|package\.json)$/.test(
          path,
        ),
    );
    expect(unexpected).toEqual([]);
  });

  test('tells the licence of everything that is in it', async () => {
    const notices = textOf((await entriesOf(named(files, name))).get('package/THIRD-PARTY-NOTICES.txt'));
    for (const part of ['commander', 'yaml', 'zod', '@kubernetes/client-node', 'undici'])
      expect(notices).toMatch(new RegExp(`^${part} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
    expect(notices).toMatch(/^rquickjs [\d.]+ \(MIT\)/m);
  });

  test('is installed without a network, and plans, completes and tells its version', async () => {
    const prefix = join(folder, 'prefix');
    await said(
      'npm',
      ['install', '--global', join(folder, name), '--prefix', prefix, '--offline', '--no-audit', '--no-fund', '--ignore-scripts'],
      {
        npm_config_cache: join(folder, 'npm-cache'),
      },
    );
    const program = join(prefix, 'bin/kubectl-opencode');
    const { plugin, core } = JSON.parse(await said(program, ['version', '--client', '-o', 'json'])) as {
      plugin: string;
      core: { digest: string };
    };
    expect(plugin).toBe(VERSION);
    expect(core.digest).toBe(`sha256:${sha256(named(files, `core_v${VERSION}.wasm`).content)}`);
    expect(await said(program, ['plan', '-f', TASK])).toContain('Ends +');
    expect(await said(join(prefix, 'bin/kubectl_complete-opencode'), ['pl'])).toMatch(/^plan\t/);
    expect(readdirSync(join(prefix, 'lib/node_modules'))).toEqual(['kubectl-opencode']);
  }, 60_000);
});

describe('the Krew manifest', () => {
  const manifest = 'plugins/opencode.yaml';

  test('names each archive of this release by its sum, none twice', () => {
    const { spec } = parse(textOf(named(files, manifest).content)) as {
      spec: { version: string; shortDescription: string; platforms: { uri: string; sha256: string; selector: object; bin: string }[] };
    };
    expect(spec.version).toBe(`v${VERSION}`);
    expect(spec.shortDescription.length).toBeLessThanOrEqual(50);
    for (const { uri, sha256: sum } of spec.platforms) expect(sha256(named(files, uri.split('/').at(-1) ?? '').content)).toBe(sum);
    expect(new Set(spec.platforms.map(({ selector }) => JSON.stringify(selector))).size).toBe(spec.platforms.length);
  });

  test('is taken by Krew, which installs the plugin from its archive', async (context) => {
    const tools = await krewTools().catch((error: unknown) => context.skip(`no Krew: ${String(error)}`));
    await said(tools.validate, ['-manifest', join(folder, manifest), '-skip-install']);
    const env = { KREW_ROOT: join(folder, 'krew'), KREW_OS: 'darwin', KREW_ARCH: 'arm64' };
    const archive = join(folder, `kubectl-opencode_v${VERSION}_node.tar.gz`);
    await said(tools.krew, ['install', `--manifest=${join(folder, manifest)}`, `--archive=${archive}`], env);
    expect(await said(join(folder, 'krew/bin/kubectl-opencode'), ['plan', '-f', TASK])).toContain('Ends +');
  }, 600_000);
});

describe('the air-gapped archive', () => {
  const root = `kubeopencode-runtime-${VERSION}`;

  test('has the guide, manifests, plugin, core and image, with sums of all of it', async () => {
    const entries = await entriesOf(named(files, `kubeopencode-runtime_v${VERSION}_air-gapped.tar`));
    const paths = [...entries.keys()].map((path) => path.slice(root.length + 1));
    for (const path of [
      'README.md',
      'core.wasm',
      'images.txt',
      'image/kubeopencode.tar',
      `plugin/kubectl-opencode-${VERSION}.tgz`,
      'plugin/plugins/opencode.yaml',
      'manifests/kustomization.yaml',
      'manifests/examples/task.yaml',
      'manifests/chart/Chart.yaml',
      'docs/install.md',
    ])
      expect(paths).toContain(path);
    for (const crd of readdirSync(`${ROOT}host/manifests/base/crds`)) expect(paths).toContain(`manifests/base/crds/${crd}`);
    const links = [...textOf(entries.get(`${root}/README.md`)).matchAll(/\]\(([^)#:]+)\)/g)].map(([, target]) => target);
    expect(links).toContain('docs/install.md');
    for (const link of links) expect(paths).toContain(link);
    const sums = textOf(entries.get(`${root}/SHA256SUMS`));
    for (const [path, bytes] of entries)
      if (!path.endsWith('/SHA256SUMS')) expect(sums).toContain(`${sha256(bytes)}  ${path.slice(root.length + 1)}\n`);
  });

  test('lists every image that a cluster pulls by default', async () => {
    const entries = await entriesOf(named(files, `kubeopencode-runtime_v${VERSION}_air-gapped.tar`));
    const images = textOf(entries.get(`${root}/images.txt`))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(images).toEqual(expect.arrayContaining(Object.values(DEFAULT_IMAGES)));
    expect(readFileSync(`${ROOT}host/manifests/controller/deployment.yaml`, 'utf8')).toContain(`image: ${images[0]}`);
    expect(images).toHaveLength(Object.keys(DEFAULT_IMAGES).length + 1);
  });
});
