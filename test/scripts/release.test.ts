import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { unpackTar } from 'modern-tar';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { packagesIn } from '#scripts/image/bundled.ts';
import { sumsText, tar, tarGz, textFile } from '#scripts/release/archive.ts';
import { controllerImageIn, imagesText } from '#scripts/release/images.ts';
import { krewManifest } from '#scripts/release/krew.ts';
import { npmPackage } from '#scripts/release/npm-package.ts';
import { inspect } from '#scripts/release/single.ts';
import { assertVersion } from '#scripts/release/version.ts';

describe('an archive', () => {
  const files = [textFile('b/run', 'x', 0o755), textFile('a', 'text'), textFile('b/c', '')];

  test('has the same bytes in whatever order its files come, whenever it is made', async () => {
    const first = Buffer.from(await tarGz(files));
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(files, { minLength: files.length }), async (shuffled) => first.equals(await tarGz(shuffled))),
      { numRuns: 10 },
    );
  });
  test('says nothing of who made it, when and where', async () => {
    const entries = await unpackTar(gunzipSync(await tarGz(files)));
    expect(
      entries.map(({ header: { name, mode, uid, gid, uname, gname, mtime } }) => [
        name,
        mode,
        uid,
        gid,
        uname,
        gname,
        mtime?.toISOString(),
      ]),
    ).toEqual(
      [
        ['a', 0o644],
        ['b/c', 0o644],
        ['b/run', 0o755],
      ].map((entry) => [...entry, 0, 0, '', '', '1985-10-26T08:15:00.000Z']),
    );
  });
  test('refuses two files of one path', () => expect(tar([...files, textFile('a', 'other')])).rejects.toThrow('a is there twice'));
  test('takes long paths', async () => {
    const path = `${'folder/'.repeat(30)}file`;
    expect((await unpackTar(await tar([textFile(path, 'deep')])))[0]?.header.name).toBe(path);
  });
});

test('sums are those of sha256sum, by path', () => {
  expect(sumsText([textFile('b', 'hello\n'), textFile('a', '')])).toBe(
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03  b\n',
  );
});

describe('a version', () => {
  test.each(['0.1.0', '10.20.30', '1.2.3-rc.1'])('%s', (version) => expect(() => assertVersion(version)).not.toThrow());
  test.each(['v1.2.3', '1.2', '01.2.3', '1.2.3+build', '1.2.3 ', ''])('not %j', (version) =>
    expect(() => assertVersion(version)).toThrow('semantic version'),
  );
});

test('the npm package has no dependencies and no scripts', () => {
  const files = npmPackage({
    project: { version: '1.2.3', license: 'Apache-2.0', engines: { node: '>=22' } },
    program: [textFile('a.mjs', '')],
    texts: [textFile('LICENSE', '')],
  });
  expect(files.map(({ path }) => path)).toEqual(['package/a.mjs', 'package/LICENSE', 'package/package.json']);
  const manifest: unknown = JSON.parse(new TextDecoder().decode(files.at(-1)?.content));
  expect(manifest).toMatchObject({ name: 'kubectl-opencode', version: '1.2.3', engines: { node: '>=22' } });
  expect(manifest).not.toHaveProperty('dependencies');
  expect(manifest).not.toHaveProperty('scripts');
});

test('the Krew manifest has a platform an archive, each chosen by its system', () => {
  const sum = 'a'.repeat(64);
  const text = krewManifest({
    version: '1.2.3',
    baseUrl: 'https://example.com/v1.2.3',
    platforms: [
      { os: 'linux', arch: 'arm64', archive: 'x.tar.gz', sha256: sum, bin: 'kubectl-opencode' },
      { os: 'darwin', archive: 'y.tar.gz', sha256: sum, bin: 'bin/kubectl-opencode' },
    ],
  });
  expect(parse(text)).toMatchObject({
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    metadata: { name: 'opencode' },
    spec: {
      version: 'v1.2.3',
      platforms: [
        {
          selector: { matchLabels: { os: 'linux', arch: 'arm64' } },
          uri: 'https://example.com/v1.2.3/x.tar.gz',
          sha256: sum,
          bin: 'kubectl-opencode',
        },
        { selector: { matchLabels: { os: 'darwin' } }, uri: 'https://example.com/v1.2.3/y.tar.gz', bin: 'bin/kubectl-opencode' },
      ],
    },
  });
});

describe('the list of images', () => {
  test('has the controller first, each with what it is for', () =>
    expect(imagesText('registry.example.com/host:1')).toMatch(/^# .+\n\n# The controller.+\nregistry\.example\.com\/host:1\n\n# .+\n/));
  test('takes the controller from the Deployment', () => {
    expect(controllerImageIn('containers:\n  - image: host:1\n    name: x\n')).toBe('host:1');
    expect(() => controllerImageIn('kind: Service')).toThrow('names none');
  });
});

test('packages in a bundle are told by their folder, with a scope and below others, too', () => {
  const inputs = [
    'plugin/main.ts',
    'node_modules/yaml/dist/index.js',
    'node_modules/yaml/dist/doc.js',
    'node_modules/@kubernetes/client-node/dist/config.js',
    'node_modules/postject/node_modules/commander/index.js',
  ];
  const told = packagesIn([{ inputs: Object.fromEntries(inputs.map((path) => [path, { bytes: 1, imports: [] }])) }]);
  expect(told.map(({ name, folder }) => [name, folder])).toEqual([
    ['@kubernetes/client-node', 'node_modules/@kubernetes/client-node'],
    ['commander', 'node_modules/postject/node_modules/commander'],
    ['yaml', 'node_modules/yaml'],
  ]);
});

describe('an executable is told by its bytes', () => {
  const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:';
  const elf = (machine: number): Buffer => {
    const bytes = Buffer.alloc(64);
    bytes.write('\x7fELF', 'latin1');
    bytes.writeUInt16LE(machine, 18);
    return bytes;
  };
  const pe = (machine: number): Buffer => {
    const bytes = Buffer.alloc(128);
    bytes.write('MZ');
    bytes.writeUInt32LE(0x60, 0x3c);
    bytes.writeUInt16LE(machine, 0x64);
    return bytes;
  };
  test.each([
    ['ELF of amd64', elf(0x3e), 'ELF', 'amd64'],
    ['ELF of arm64', elf(0xb7), 'ELF', 'arm64'],
    ['PE of amd64', pe(0x8664), 'PE', 'amd64'],
    ['ELF of something else', elf(3), 'ELF', undefined],
    ['a script', Buffer.from('#!/bin/sh'), undefined, undefined],
  ])('%s, with a program in it and without', (_, bytes, format, machine) => {
    expect(inspect(Buffer.concat([bytes, Buffer.from(`${FUSE}1`)]))).toEqual({ format, machine, hasProgram: true });
    expect(inspect(Buffer.concat([bytes, Buffer.from(`${FUSE}0`)]))).toEqual({ format, machine, hasProgram: false });
  });
});
