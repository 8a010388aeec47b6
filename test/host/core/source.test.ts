import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { coreLayer } from '#host/core/oci/artifact.ts';
import { loginFor } from '#host/core/oci/docker-config.ts';
import { parseReference, referenceText } from '#host/core/oci/reference.ts';
import { digestOf } from '#host/core/oci/registry.ts';
import { httpGet } from '#host/core/oci/transport.ts';
import { type CoreSourceOptions, isPinned, readCore } from '#host/core/source.ts';
import { realClock } from '#host/real-clock.ts';
import { openTestRegistry, REALM_PATH, type RegistryOptions, type TestRegistry } from './registry.ts';

const WASM = Buffer.from('\0asm, or near enough');
const hex = 'a'.repeat(64);
let folder = '';
const registries: TestRegistry[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'core-source-'));
});
afterEach(async () => {
  for (const registry of registries.splice(0)) await registry.close();
  rmSync(folder, { recursive: true });
});

async function registryWith(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = await openTestRegistry(options);
  registries.push(registry);
  return registry;
}

/** Waits between tries are not waited. */
function pull(source: string, more: Partial<CoreSourceOptions> = {}): Promise<Uint8Array> {
  const clock = { ...realClock, after: (_delayMs: number, fire: () => void) => realClock.after(0, fire) };
  return readCore(source, { clock, get: httpGet(realClock), ...more });
}

function authFile(registry: string, login: string): string {
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify({ auths: { [registry]: { auth: Buffer.from(login).toString('base64') } } }));
  return file;
}

describe('a reference', () => {
  test.each([
    [`oci://r.example/core@sha256:${hex}`, { registry: 'r.example', repository: 'core', digest: `sha256:${hex}` }],
    ['oci://r.example:5000/a/b-c__d:v1.2', { registry: 'r.example:5000', repository: 'a/b-c__d', tag: 'v1.2' }],
    [`oci://[::1]:5000/core:v1@sha256:${hex}`, { registry: '[::1]:5000', repository: 'core', tag: 'v1', digest: `sha256:${hex}` }],
  ])('%s', (text, expected) => {
    const reference = parseReference(text);
    expect(reference).toEqual(expected);
    expect(reference === undefined ? '' : referenceText(reference)).toBe(text);
  });
  test.each([
    'r.example/core',
    'oci://core',
    'oci://r.example/',
    'oci://r.example/Core',
    'oci://r.example/a//b',
    'oci://r.example/a@sha256:abc',
    'oci://r.example/a:b:c',
    'oci://u:p@r.example/a',
    'oci://r.example/../a',
  ])('none: %s', (text) => expect(parseReference(text)).toBeUndefined());
  test('a file is pinned by whoever owns it, a tag is not', () =>
    expect([isPinned('core.wasm'), isPinned('oci://r.example/core:v1'), isPinned(`oci://r.example/core@sha256:${hex}`)]).toEqual([
      true,
      false,
      true,
    ]));
});

describe('a login', () => {
  const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
  const config = JSON.stringify({
    auths: {
      'r.example': auth('wide:1'),
      'https://r.example/team': auth('team:p:2'),
      'https://index.docker.io/v1/': { username: 'hub', password: '3' },
    },
  });
  test.each([
    ['r.example', 'other/core', 'wide 1'],
    ['r.example', 'team/core', 'team p:2'],
    ['r.example', 'teamwork/core', 'wide 1'],
    ['docker.io', 'a/b', 'hub 3'],
    ['elsewhere.example', 'core', undefined],
  ])('at %s for %s: %s', (registry, repository, expected) => {
    const login = loginFor(config, registry, repository);
    expect(login === undefined ? undefined : `${login.username} ${login.password}`).toBe(expected);
  });
  test('a helper program is not run, and a broken file does not show what is in it', () => {
    expect(() => loginFor('{"credsStore":"pass"}', 'r.example', 'a')).toThrow('names a helper program');
    expect(() => loginFor('hunter2', 'r.example', 'a')).toThrow(/^(?!.*hunter2).*expected a Docker configuration/);
  });
});

describe('a pull', () => {
  test('gets a token as the registry says, follows to where the blob lies without it, and checks what comes', async () => {
    const registry = await registryWith({ redirectBlobs: true });
    const digest = registry.push('team/core', 'v1', WASM);
    expect(Buffer.from(await pull(`oci://${registry.host}/team/core@${digest}`))).toEqual(WASM);
    expect(registry.requests).toEqual([
      `/v2/team/core/manifests/${digest}`,
      REALM_PATH,
      `/v2/team/core/manifests/${digest} Bearer`,
      `/v2/team/core/blobs/${digestOf(WASM)} Bearer`,
      `/elsewhere/${digestOf(WASM)}`,
    ]);
  });

  test('logs in where it has a login', async () => {
    const registry = await registryWith({ login: 'robot:pass' });
    const source = `oci://${registry.host}/core@${registry.push('core', 'v1', WASM)}`;
    expect(Buffer.from(await pull(source, { authFile: authFile(registry.host, 'robot:pass') }))).toEqual(WASM);
    await expect(pull(source)).rejects.toMatchObject({ cause: { message: expect.stringContaining('give --core-auth-file') } });
    const refused = await pull(source, { authFile: authFile(registry.host, 'robot:wrong') }).catch((error: Error) => String(error.cause));
    expect(refused).toMatch(/^(?!.*wrong).*expected one, came HTTP 401/);
  });

  test('is tried again, and not for ever', async () => {
    const registry = await registryWith({ failures: [503, 429] });
    const source = `oci://${registry.host}/core@${registry.push('core', 'v1', WASM)}`;
    expect(Buffer.from(await pull(source))).toEqual(WASM);
    await expect(pull(`oci://${registry.host}/core@sha256:${hex}`)).rejects.toMatchObject({
      message: expect.stringContaining('load the core from oci://'),
      cause: { message: expect.stringContaining('came HTTP 404; check name and digest') },
    });
  });

  test.each<[string, RegistryOptions['bend'], string]>([
    [
      'another manifest',
      (kind, bytes) => (kind === 'manifest' ? Buffer.concat([bytes, Buffer.from(' ')]) : bytes),
      'came one with the digest',
    ],
    [
      'another blob of the same size',
      (kind, bytes) => (kind === 'blob' ? Buffer.alloc(bytes.length) : bytes),
      'bytes with the digest sha256:',
    ],
    ['a longer blob', (kind, bytes) => (kind === 'blob' ? Buffer.concat([bytes, bytes]) : bytes), 'expected at most 20 bytes, came more'],
  ])('takes nothing that is not what was named: %s', async (_name, bend, message) => {
    const registry = await registryWith(bend === undefined ? {} : { bend });
    const digest = registry.push('core', 'v1', WASM);
    await expect(pull(`oci://${registry.host}/core@${digest}`)).rejects.toMatchObject({
      cause: { message: expect.stringContaining(message) },
    });
  });

  test('does not send credentials along to a place that does not speak HTTPS', async () => {
    const seen: string[] = [];
    const get: CoreSourceOptions['get'] = async (url) => {
      seen.push(url);
      return { code: 302, headers: { location: 'http://evil.example/' }, body: Buffer.alloc(0) };
    };
    await expect(pull(`oci://r.example/core@sha256:${hex}`, { get })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('not HTTPS') },
    });
    expect(new Set(seen)).toEqual(new Set([`https://r.example/v2/core/manifests/sha256:${hex}`]));
  });

  test('starts from the cache when the registry is away, and not from what was changed in it', async () => {
    const registry = await registryWith();
    const cacheFolder = join(folder, 'cache');
    const source = `oci://${registry.host}/core@${registry.push('core', 'v1', WASM)}`;
    await pull(source, { cacheFolder });
    const before = registry.requests.length;
    expect(Buffer.from(await pull(source, { cacheFolder }))).toEqual(WASM);
    expect(registry.requests.length).toBe(before);
    for (const name of readdirSync(cacheFolder)) writeFileSync(join(cacheFolder, name), 'bent');
    expect(Buffer.from(await pull(source, { cacheFolder }))).toEqual(WASM);
    expect(registry.requests.length).toBeGreaterThan(before);
  });
});

describe('an artifact', () => {
  const layer = { mediaType: 'application/wasm', digest: `sha256:${hex}`, size: 20 };
  const good = { config: { mediaType: 'application/vnd.wasm.config.v0+json' }, layers: [layer] };
  test('of Wasm has one layer', () => expect(coreLayer(JSON.stringify(good))).toEqual({ digest: `sha256:${hex}`, sizeBytes: 20 }));
  test.each([
    [{ ...good, mediaType: 'application/vnd.oci.image.index.v1+json' }, 'it is of the type'],
    [{ ...good, config: { mediaType: 'application/vnd.oci.image.config.v1+json' } }, 'its config is of the type'],
    [{ ...good, layers: [layer, layer] }, 'it has 2 layers'],
    [{ ...good, layers: [{ ...layer, mediaType: 'application/gzip' }] }, 'its layer is of the type'],
    [{ ...good, layers: [{ ...layer, digest: 'md5:1' }] }, 'its layer has the digest'],
    [{ ...good, layers: [{ ...layer, size: 1e12 }] }, 'its layer has the size'],
    [{ config: good.config }, 'it has no list of layers'],
  ])('%j: %s', (manifest, message) => expect(() => coreLayer(JSON.stringify(manifest))).toThrow(message));
});
