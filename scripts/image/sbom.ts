import { createHash } from 'node:crypto';
import type { Entry } from './tree.ts';

/** A piece of software that is in the image. */
export interface Component {
  /** Unique, `[a-z0-9.-]`. */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** SPDX expression; absent: its copyright file says it. */
  readonly licence?: string;
  /** Package URL. */
  readonly purl?: string;
  readonly sha256?: string;
  readonly sha512?: string;
  /** Id of what it is part of; absent: of the image itself. */
  readonly partOf?: string;
  readonly purpose: 'APPLICATION' | 'LIBRARY' | 'OPERATING-SYSTEM';
}

/** A file of the image and the component that it is of. */
export interface OwnedFile {
  readonly path: string;
  readonly entry: Entry;
  readonly owner: string;
}

export interface SbomSubject {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Seconds since the epoch. */
  readonly createdSeconds: number;
}

const UNKNOWN = 'NOASSERTION';

/** The image's contents as SPDX 2.3: each component, and each file below the component that it is of. The same contents give the same text. */
export function spdxOf(subject: SbomSubject, components: readonly Component[], files: readonly OwnedFile[]): string {
  const listed = files.flatMap(fileOf);
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `${subject.name}-${subject.version}-${subject.architecture}`,
    creationInfo: {
      created: new Date(subject.createdSeconds * 1000).toISOString().replace('.000Z', 'Z'),
      creators: [`Tool: ${subject.name}-${subject.version}`],
    },
    packages: [imagePackage(subject), ...components.map((component) => packageOf(component, listed))],
    files: listed.map(({ owner: _, ...file }) => file),
    relationships: [
      relationship('SPDXRef-DOCUMENT', 'DESCRIBES', 'SPDXRef-image'),
      ...components.map(({ id, partOf }) =>
        relationship(partOf === undefined ? 'SPDXRef-image' : packageId(partOf), 'CONTAINS', packageId(id)),
      ),
      ...listed.map(({ owner, SPDXID }) => relationship(packageId(owner), 'CONTAINS', SPDXID)),
    ],
  };
  // A name of its own for each content, as SPDX wants.
  const namespace = `urn:uuid:${uuidOf(JSON.stringify(document))}`;
  return `${JSON.stringify({ ...document, documentNamespace: namespace }, null, 1)}\n`;
}

interface ListedFile {
  readonly SPDXID: string;
  readonly fileName: string;
  readonly checksums: readonly { readonly algorithm: string; readonly checksumValue: string }[];
  readonly licenseConcluded: string;
  readonly licenseInfoInFiles: readonly string[];
  readonly copyrightText: string;
  readonly owner: string;
}

function fileOf({ path, entry, owner }: OwnedFile): readonly ListedFile[] {
  if (entry.type !== 'file') return [];
  return [
    {
      SPDXID: `SPDXRef-file-${digest('sha1', path).slice(0, 16)}`,
      fileName: `./${path}`,
      checksums: [checksum('SHA1', digest('sha1', entry.content)), checksum('SHA256', digest('sha256', entry.content))],
      licenseConcluded: UNKNOWN,
      licenseInfoInFiles: [UNKNOWN],
      copyrightText: UNKNOWN,
      owner,
    },
  ];
}

function imagePackage({ name, version }: SbomSubject): object {
  return {
    SPDXID: 'SPDXRef-image',
    name,
    versionInfo: version,
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    licenseConcluded: UNKNOWN,
    licenseDeclared: 'Apache-2.0',
    copyrightText: UNKNOWN,
    primaryPackagePurpose: 'CONTAINER',
  };
}

function packageOf({ id, name, version, licence, purl, sha256, sha512, purpose }: Component, files: readonly ListedFile[]): object {
  const own = files.filter(({ owner }) => owner === id);
  const checksums = [
    ...(sha256 === undefined ? [] : [checksum('SHA256', sha256)]),
    ...(sha512 === undefined ? [] : [checksum('SHA512', sha512)]),
  ];
  return {
    SPDXID: packageId(id),
    name,
    versionInfo: version,
    downloadLocation: UNKNOWN,
    filesAnalyzed: own.length > 0,
    ...(own.length > 0 ? { packageVerificationCode: { packageVerificationCodeValue: verificationCode(own) } } : {}),
    ...(checksums.length > 0 ? { checksums } : {}),
    licenseConcluded: UNKNOWN,
    licenseDeclared: licence ?? UNKNOWN,
    copyrightText: UNKNOWN,
    primaryPackagePurpose: purpose,
    ...(purl === undefined
      ? {}
      : { externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }] }),
  };
}

/** Source: SPDX 2.3, 7.9. */
function verificationCode(files: readonly ListedFile[]): string {
  const sums = files.map(({ checksums }) => checksums[0]?.checksumValue ?? '').sort();
  return digest('sha1', sums.join(''));
}

function packageId(id: string): string {
  return `SPDXRef-package-${id}`;
}

function relationship(spdxElementId: string, relationshipType: string, relatedSpdxElement: string): object {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

function checksum(algorithm: string, checksumValue: string): { readonly algorithm: string; readonly checksumValue: string } {
  return { algorithm, checksumValue };
}

function digest(algorithm: 'sha1' | 'sha256', content: Uint8Array | string): string {
  return createHash(algorithm).update(content).digest('hex');
}

/** A UUID of version 8: our own hash. Source: RFC 9562, 5.8. */
function uuidOf(text: string): string {
  const hex = digest('sha256', text);
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
