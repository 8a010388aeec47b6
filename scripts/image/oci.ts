import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { packTar, type TarEntry } from 'modern-tar';
import type { Architecture } from './lock.ts';
import { type Entry, type Tree, withFolders } from './tree.ts';

/** A named part of the image. */
export interface LayerContent {
  /** Stands in the image's history. */
  readonly name: string;
  readonly tree: Tree;
}

/** How a container of the image starts, and what the image says of itself. */
export interface ImageConfig {
  readonly architecture: Architecture;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly env: readonly string[];
  readonly ports: readonly string[];
  /** Also the manifest's annotations. */
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since the epoch: of the image and of every file in it. */
  readonly createdSeconds: number;
}

/** An image in its blobs. */
export interface OciImage {
  /** `sha256:…` of its manifest. */
  readonly digest: string;
  readonly configDigest: string;
  readonly layerDigests: readonly string[];
  /** Digest -> content. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const MEDIA = 'application/vnd.oci.image';

/** The image of these layers. The same input gives the same digest. Source: OCI image specification 1.1. */
export async function ociImage(layers: readonly LayerContent[], config: ImageConfig): Promise<OciImage> {
  const blobs = new Map<string, Uint8Array>();
  const add = (mediaType: string, content: Uint8Array): Descriptor => {
    const digest = digestOf(content);
    blobs.set(digest, content);
    return { mediaType, digest, size: content.length };
  };
  const packed = await Promise.all(layers.map(({ tree }) => packedLayer(tree, config.createdSeconds)));
  const layerDescriptors = packed.map(({ compressed }) => add(`${MEDIA}.layer.v1.tar+gzip`, compressed));
  const configText = configOf(
    layers,
    packed.map(({ diffId }) => diffId),
    config,
  );
  const configDescriptor = add(`${MEDIA}.config.v1+json`, jsonBytes(configText));
  const manifest = {
    schemaVersion: 2,
    mediaType: `${MEDIA}.manifest.v1+json`,
    config: configDescriptor,
    layers: layerDescriptors,
    annotations: { ...config.labels, 'org.opencontainers.image.created': created(config) },
  };
  const { digest } = add(manifest.mediaType, jsonBytes(manifest));
  return { digest, configDigest: configDescriptor.digest, layerDigests: layerDescriptors.map((layer) => layer.digest), blobs };
}

function configOf(layers: readonly LayerContent[], diffIds: readonly string[], config: ImageConfig): object {
  return {
    created: created(config),
    architecture: config.architecture,
    os: 'linux',
    config: {
      User: config.user,
      ExposedPorts: Object.fromEntries(config.ports.map((port) => [port, {}])),
      Env: config.env,
      Entrypoint: config.entrypoint,
      WorkingDir: '/',
      Labels: config.labels,
    },
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: layers.map(({ name }) => ({ created: created(config), created_by: `npm run image: ${name}` })),
  };
}

function created({ createdSeconds }: ImageConfig): string {
  return new Date(createdSeconds * 1000).toISOString().replace('.000Z', 'Z');
}

interface PackedLayer {
  readonly compressed: Uint8Array;
  /** Digest of what was compressed. */
  readonly diffId: string;
}

/** Sorted, of root, all of one time. Compressed by zlib, whose output hangs on its version: that of the Node which package-lock.json has. */
async function packedLayer(tree: Tree, mtimeSeconds: number): Promise<PackedLayer> {
  const tar = await packTar(withFolders(tree).map(([path, entry]) => tarEntry(path, entry, mtimeSeconds)));
  const compressed = await promisify(gzip)(tar, { level: 6 });
  // The system that compressed it; "unknown", so that it is the same everywhere. Source: RFC 1952, 2.3.1.
  compressed[9] = 255;
  return { compressed, diffId: digestOf(tar) };
}

function tarEntry(path: string, entry: Entry, mtimeSeconds: number): TarEntry {
  const common = { uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(mtimeSeconds * 1000) };
  switch (entry.type) {
    case 'folder':
      return { header: { ...common, name: `${path}/`, type: 'directory', mode: entry.mode, size: 0 } };
    case 'link':
      return { header: { ...common, name: path, type: 'symlink', mode: 0o777, size: 0, linkname: entry.target } };
    case 'file':
      return { header: { ...common, name: path, type: 'file', mode: entry.mode, size: entry.content.length }, body: entry.content };
  }
}

/** Files of an OCI image layout, by path. `reference` is the image's full name with its tag. */
export function layoutFiles(image: OciImage, architecture: Architecture, reference: string): ReadonlyMap<string, Uint8Array> {
  const manifest = image.blobs.get(image.digest);
  const index = {
    schemaVersion: 2,
    mediaType: `${MEDIA}.index.v1+json`,
    manifests: [
      {
        mediaType: `${MEDIA}.manifest.v1+json`,
        digest: image.digest,
        size: manifest?.length ?? 0,
        platform: { architecture, os: 'linux' },
        annotations: {
          'io.containerd.image.name': reference,
          'org.opencontainers.image.ref.name': reference.slice(reference.lastIndexOf(':') + 1),
        },
      },
    ],
  };
  return new Map([
    ['oci-layout', jsonBytes({ imageLayoutVersion: '1.0.0' })],
    ['index.json', jsonBytes(index)],
    ...[...image.blobs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([digest, content]) => [blobPath(digest), content] as const),
  ]);
}

/** The layout as one file that also has Docker's own list, so that `docker load`, `podman load`, `ctr images import` and `kind load image-archive` take it. */
export async function archiveOf(image: OciImage, layout: ReadonlyMap<string, Uint8Array>, reference: string): Promise<Uint8Array> {
  const list = [{ Config: blobPath(image.configDigest), RepoTags: [reference], Layers: image.layerDigests.map(blobPath) }];
  const files = new Map([...layout, ['manifest.json', jsonBytes(list)] as const]);
  return packTar([...files].map(([path, content]) => tarEntry(path, { type: 'file', mode: 0o644, content }, 0)));
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function jsonBytes(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function digestOf(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
