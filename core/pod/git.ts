import type { ContextItem } from '../api/context.ts';
import type { EnvVar, VolumeMount } from '../api/kubernetes.ts';
import { goQuote } from '../units/quote.ts';
import { given } from './given.ts';
import { GIT } from './layout.ts';
import { cleanPath } from './paths.ts';
import { contextError, type Refusal } from './refusal.ts';

/** A repository that is cloned by an init container of its own. */
export interface GitMount {
  readonly origin: string;
  readonly repository: string;
  readonly ref: string;
  /** Number of commits; 0: the whole history. */
  readonly depth: number;
  /** Below the repository's root, clean; empty: the root. */
  readonly path: string;
  /** Clean absolute path in the agent container. */
  readonly mountPath: string;
  readonly recurseSubmodules: boolean;
  readonly secret?: string;
  /** Folders below `path` that are mounted one by one; empty: all of it. */
  readonly names: readonly string[];
}

type GitFields = Omit<NonNullable<ContextItem['git']>, 'sync'>;

export function gitMountOf(git: GitFields, mountPath: string, origin: string, names: readonly string[] = []): GitMount | Refusal {
  const path = cleanPath(`./${git.path ?? ''}`);
  if (path === '..' || path.startsWith('../'))
    return contextError(`git path ${goQuote(git.path ?? '')} leads out of the repository; name a folder inside it`);
  return {
    origin,
    repository: git.repository,
    ref: git.ref || 'HEAD',
    depth: git.depth === undefined || git.depth < 0 ? 1 : git.depth,
    path: path === '.' ? '' : path,
    mountPath,
    recurseSubmodules: git.recurseSubmodules === true,
    names,
    ...given({ secret: git.secretRef?.name }),
  };
}

/** Name of the volume that the n-th repository is cloned into. */
export function gitVolume(index: number): string {
  return `git-context-${index}`;
}

/**
 * Whether the clone is copied into the workspace: a mount there would hide task.md.
 */
export function isWorkspaceRoot(mount: GitMount, workspaceDir: string): boolean {
  return mount.mountPath === workspaceDir;
}

/** Where the agent container sees the clones, and the git configuration that trusts them (they belong to another user). */
export function gitVolumeMounts(mounts: readonly GitMount[], workspaceDir: string): readonly VolumeMount[] {
  return mounts.flatMap((mount, index) => {
    if (isWorkspaceRoot(mount, workspaceDir)) return [];
    const name = gitVolume(index);
    const subPath = mount.path === '' ? GIT.link : `${GIT.link}/${mount.path}`;
    if (mount.names.length === 0) return [{ name, mountPath: mount.mountPath, subPath }];
    return mount.names.map((folder) => ({ name, mountPath: `${mount.mountPath}/${folder}`, subPath: `${subPath}/${folder}` }));
  });
}

/** For the agent container, when there is a clone. */
export function gitConfig(mounts: readonly GitMount[]): { readonly env: readonly EnvVar[]; readonly volumeMounts: readonly VolumeMount[] } {
  if (mounts.length === 0) return { env: [], volumeMounts: [] };
  const path = `${GIT.root}/${GIT.config}`;
  return {
    env: [{ name: 'GIT_CONFIG_GLOBAL', value: path }],
    volumeMounts: [{ name: gitVolume(0), mountPath: path, subPath: GIT.config }],
  };
}
