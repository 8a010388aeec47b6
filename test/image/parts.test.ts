import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { unpackTar } from 'modern-tar';
import { describe, expect, test } from 'vitest';
import { needsOf } from '#scripts/image/elf.ts';
import { archiveOf, type ImageConfig, layoutFiles, ociImage } from '#scripts/image/oci.ts';
import { type Component, spdxOf } from '#scripts/image/sbom.ts';
import { missingLibraries } from '#scripts/image/selection.ts';
import { file, imagePath, type Tree, union, withFolders } from '#scripts/image/tree.ts';

describe('paths of the image', () => {
  test.each([
    ['./bin/sh', 'usr/bin/sh'],
    ['/lib64/ld-linux-x86-64.so.2', 'usr/lib64/ld-linux-x86-64.so.2'],
    ['usr/bin/git', 'usr/bin/git'],
    ['./etc/ssh/', 'etc/ssh'],
    ['library/x', 'library/x'],
  ])('%s is %s', (path, expected) => {
    expect(imagePath(path)).toBe(expected);
  });
  test('each folder comes before what is in it, and only once', () => {
    const tree: Tree = new Map([
      ['a/b/c', file('')],
      ['a-b', file('')],
      ['a/b', { type: 'folder', mode: 0o1777 }],
    ]);
    expect(withFolders(tree).map(([path, entry]) => [path, entry.type === 'link' ? '' : entry.mode.toString(8)])).toEqual([
      ['a', '755'],
      ['a-b', '644'],
      ['a/b', '1777'],
      ['a/b/c', '644'],
    ]);
  });
  test('two packages with something at one path are a mistake', () => {
    const tree: Tree = new Map([['a', file('')]]);
    expect(() => union(tree, tree)).toThrow('two packages have something at /a');
  });
});

const CONFIG: ImageConfig = {
  architecture: 'amd64',
  user: '65532:65532',
  entrypoint: ['/a'],
  env: ['A=b'],
  ports: ['1/tcp'],
  labels: { 'org.opencontainers.image.title': 't' },
  createdSeconds: 1_700_000_000,
};
const TREE: Tree = new Map([
  ['etc/a', file('A')],
  ['b', { type: 'link', target: 'etc/a' }],
]);
const jsonOf = (content: Uint8Array | undefined): unknown => JSON.parse(Buffer.from(content ?? []).toString());

describe('the OCI image', () => {
  test('every blob is what its name and its descriptor say', async () => {
    const image = await ociImage([{ name: 'one', tree: TREE }], CONFIG);
    for (const [digest, content] of image.blobs) expect(`sha256:${createHash('sha256').update(content).digest('hex')}`).toBe(digest);
    const manifest = jsonOf(image.blobs.get(image.digest)) as {
      config: { digest: string; size: number };
      layers: { digest: string; size: number }[];
    };
    for (const { digest, size } of [manifest.config, ...manifest.layers]) expect(image.blobs.get(digest)?.length).toBe(size);
    const [layer = new Uint8Array()] = image.layerDigests.map((digest) => image.blobs.get(digest));
    const { rootfs } = jsonOf(image.blobs.get(image.configDigest)) as { rootfs: { diff_ids: string[] } };
    expect(rootfs.diff_ids).toEqual([`sha256:${createHash('sha256').update(gunzipSync(layer)).digest('hex')}`]);
  });

  test('its layers hold what they should, of root and of one time', async () => {
    const image = await ociImage([{ name: 'one', tree: TREE }], CONFIG);
    const [layer = new Uint8Array()] = image.layerDigests.map((digest) => image.blobs.get(digest));
    const entries = await unpackTar(gunzipSync(layer));
    expect(
      entries.map(({ header: { name, type, mode, uid, gid, mtime, linkname } }) => [
        name,
        type,
        mode,
        uid,
        gid,
        mtime?.getTime(),
        linkname,
      ]),
    ).toEqual([
      ['b', 'symlink', 0o777, 0, 0, 1_700_000_000_000, 'etc/a'],
      ['etc/', 'directory', 0o755, 0, 0, 1_700_000_000_000, ''],
      ['etc/a', 'file', 0o644, 0, 0, 1_700_000_000_000, ''],
    ]);
  });

  test('the order of the files does not matter, and anything else does', async () => {
    const digestOf = async (tree: Tree, config: Partial<ImageConfig> = {}): Promise<string> =>
      (await ociImage([{ name: 'one', tree }], { ...CONFIG, ...config })).digest;
    const first = await digestOf(TREE);
    expect(await digestOf(new Map([...TREE].reverse()))).toBe(first);
    const others = [
      digestOf(new Map([['etc/a', file('B')], ...[...TREE].slice(1)])),
      digestOf(TREE, { createdSeconds: 1 }),
      digestOf(TREE, { user: '0' }),
    ];
    expect(new Set([first, ...(await Promise.all(others))]).size).toBe(4);
  });

  test('the archive has the layout’s list and Docker’s, of the same blobs', async () => {
    const image = await ociImage([{ name: 'one', tree: TREE }], CONFIG);
    const reference = 'docker.io/library/a:1';
    const layout = layoutFiles(image, 'amd64', reference);
    const files = new Map((await unpackTar(await archiveOf(image, layout, reference))).map(({ header, data }) => [header.name, data]));
    const [list] = jsonOf(files.get('manifest.json')) as { Config: string; RepoTags: string[]; Layers: string[] }[];
    expect(list?.RepoTags).toEqual([reference]);
    for (const path of [list?.Config ?? '', ...(list?.Layers ?? [])])
      expect(files.get(path)).toEqual(new Uint8Array(layout.get(path) ?? []));
    const { manifests } = jsonOf(files.get('index.json')) as { manifests: { digest: string; annotations: Record<string, string> }[] };
    expect(manifests[0]?.digest).toBe(image.digest);
    expect(manifests[0]?.annotations).toEqual({ 'io.containerd.image.name': reference, 'org.opencontainers.image.ref.name': '1' });
  });
});

describe('the list of contents', () => {
  const subject = { name: 'n', version: '1', architecture: 'amd64', createdSeconds: 0 };
  const components: readonly Component[] = [
    { id: 'a', name: 'A', version: '1', licence: 'MIT', purl: 'pkg:npm/a@1', sha512: 'ab', purpose: 'LIBRARY' },
    { id: 'b', name: 'B', version: '2', partOf: 'a', purpose: 'LIBRARY' },
  ];
  const entry = file('x');

  test('has each component under what it is part of, and each file under its component', () => {
    const spdx = JSON.parse(spdxOf(subject, components, [{ path: 'etc/x', entry, owner: 'a' }])) as {
      relationships: { spdxElementId: string; relationshipType: string; relatedSpdxElement: string }[];
      files: { SPDXID: string; fileName: string; checksums: { checksumValue: string }[] }[];
      packages: { SPDXID: string; packageVerificationCode?: { packageVerificationCodeValue: string } }[];
    };
    const id = spdx.files[0]?.SPDXID ?? '';
    expect(spdx.relationships.map((one) => [one.spdxElementId, one.relationshipType, one.relatedSpdxElement])).toEqual([
      ['SPDXRef-DOCUMENT', 'DESCRIBES', 'SPDXRef-image'],
      ['SPDXRef-image', 'CONTAINS', 'SPDXRef-package-a'],
      ['SPDXRef-package-a', 'CONTAINS', 'SPDXRef-package-b'],
      ['SPDXRef-package-a', 'CONTAINS', id],
    ]);
    const sha1 = createHash('sha1').update('x').digest('hex');
    expect(spdx.files[0]).toMatchObject({ fileName: './etc/x', checksums: [{ checksumValue: sha1 }, {}] });
    expect(spdx.packages[1]?.packageVerificationCode?.packageVerificationCodeValue).toBe(createHash('sha1').update(sha1).digest('hex'));
  });

  test('other contents have another namespace, the same have the same', () => {
    const namespaceOf = (owner: string): string =>
      JSON.parse(spdxOf(subject, components, [{ path: 'etc/x', entry, owner }])).documentNamespace;
    expect(namespaceOf('a')).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(namespaceOf('a')).toBe(namespaceOf('a'));
    expect(namespaceOf('a')).not.toBe(namespaceOf('b'));
  });
});

describe('what programs need', () => {
  /** A 64-bit program with an interpreter and one library. */
  function program(interpreter: string, library: string): Uint8Array {
    const bytes = Buffer.alloc(512);
    bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
    bytes.writeBigUInt64LE(64n, 32);
    bytes.writeUInt16LE(56, 54);
    bytes.writeUInt16LE(3, 56);
    const header = (index: number, type: number, offset: number, address: number, size: number): void => {
      const at = 64 + index * 56;
      bytes.writeUInt32LE(type, at);
      for (const [field, value] of [
        [8, offset],
        [16, address],
        [32, size],
      ] as const)
        bytes.writeBigUInt64LE(BigInt(value), at + field);
    };
    header(0, 3, 300, 0x1000 + 300, interpreter.length + 1);
    header(1, 1, 0, 0x1000, 512);
    header(2, 2, 400, 0x1000 + 400, 48);
    bytes.write(`${interpreter}\0`, 300);
    bytes.write(`\0${library}\0`, 350);
    for (const [index, [tag, value]] of [
      [1, 1],
      [5, 0x1000 + 350],
      [0, 0],
    ].entries()) {
      bytes.writeBigUInt64LE(BigInt(tag ?? 0), 400 + index * 16);
      bytes.writeBigUInt64LE(BigInt(value ?? 0), 408 + index * 16);
    }
    return bytes;
  }

  test('is read from the file', () => {
    expect(needsOf(program('/lib64/ld.so', 'libz.so.1'))).toEqual({ interpreter: '/lib64/ld.so', libraries: ['libz.so.1'] });
    expect(needsOf(Buffer.from('#!/bin/sh\n'))).toBeUndefined();
  });

  test('is missed by name when the image does not have it', () => {
    const tree: Tree = new Map([['usr/bin/a', file(program('/lib64/ld.so', 'libz.so.1'))]]);
    expect(missingLibraries(tree)).toEqual(['/usr/bin/a needs /lib64/ld.so', '/usr/bin/a needs libz.so.1']);
    const whole = union(
      tree,
      new Map([
        ['usr/lib64/ld.so', file('')],
        ['usr/lib/x86_64-linux-gnu/libz.so.1', file('')],
      ]),
    );
    expect(missingLibraries(whole)).toEqual([]);
  });
});
