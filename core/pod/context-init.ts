import type { Container, Volume } from '../api/kubernetes.ts';
import type { DirectoryMount } from './contexts.ts';
import type { KeyedFile } from './files.ts';
import { given } from './given.ts';
import type { SystemImage } from './images.ts';
import { CONTEXT_FILES, HOME_AND_SHELL, TOOLS, WORKSPACE_VOLUME } from './layout.ts';
import type { SharedFolders } from './shared-folders.ts';

/** What context-init writes, and where. */
export interface FilePlan {
  readonly files: readonly KeyedFile[];
  readonly directories: readonly DirectoryMount[];
  readonly shared: SharedFolders;
  /** ConfigMap with the files' content; null when there are no files. */
  readonly configMapName: string | null;
  readonly workspaceDir: string;
}

/** The container that copies files and ConfigMaps to their places, where the agent may change them (a ConfigMap's own mount is read-only). None when there is nothing to copy. */
export function contextInit(plan: FilePlan, system: SystemImage): readonly Container[] {
  const { files, directories, shared, workspaceDir } = plan;
  if (files.length === 0 && directories.length === 0) return [];
  return [
    {
      name: 'context-init',
      ...system,
      command: ['/kubeopencode', 'context-init'],
      env: [
        ...HOME_AND_SHELL,
        { name: 'WORKSPACE_DIR', value: workspaceDir },
        { name: 'CONFIGMAP_PATH', value: CONTEXT_FILES.path },
        ...(files.length === 0 ? [] : [{ name: 'FILE_MAPPINGS', value: JSON.stringify(files.map(fileMapping)) }]),
        ...(directories.length === 0 ? [] : [{ name: 'DIR_MAPPINGS', value: JSON.stringify(directories.map(directoryMapping)) }]),
      ],
      volumeMounts: [
        ...(plan.configMapName === null ? [] : [{ name: CONTEXT_FILES.volume, mountPath: CONTEXT_FILES.path, readOnly: true }]),
        ...directories.map((_, index) => ({ name: directoryVolume(index), mountPath: directorySource(index), readOnly: true })),
        { name: WORKSPACE_VOLUME, mountPath: workspaceDir },
        ...(shared.tools ? [{ name: TOOLS.volume, mountPath: TOOLS.path }] : []),
        ...shared.folders.map(({ volume, path }) => ({ name: volume, mountPath: path })),
      ],
    },
  ];
}

/** The volumes that context-init reads from. */
export function contextVolumes(plan: FilePlan): readonly Volume[] {
  return [
    ...(plan.configMapName === null ? [] : [{ name: CONTEXT_FILES.volume, configMap: { name: plan.configMapName } }]),
    ...plan.directories.map(({ configMap, optional }, index) => ({
      name: directoryVolume(index),
      configMap: { name: configMap, optional },
    })),
  ];
}

function fileMapping({ key, path, fileMode }: KeyedFile): object {
  return { key, targetPath: path, ...given({ fileMode }) };
}

function directoryMapping({ path }: DirectoryMount, index: number): object {
  return { sourcePath: directorySource(index), targetPath: path };
}

function directoryVolume(index: number): string {
  return `dir-mount-${index}`;
}

function directorySource(index: number): string {
  return `/configmap-dir-${index}`;
}
