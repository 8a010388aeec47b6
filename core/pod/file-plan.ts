import { TASK_FILE_KEY } from './context-config-map.ts';
import type { FilePlan } from './context-init.ts';
import type { Contexts } from './contexts.ts';
import { type FileMount, withKeys } from './files.ts';
import { TASK_FILE } from './layout.ts';
import type { OpenCodeConfig } from './opencode-config.ts';
import { isRefusal, type Refusal } from './refusal.ts';
import { sharedFolders } from './shared-folders.ts';

/** Every file that context-init writes: those of contexts, the prompt, the context file, OpenCode's configuration. */
export function filePlan(
  contexts: Contexts,
  openCode: OpenCodeConfig,
  prompt: string,
  workspaceDir: string,
  configMapName: string,
): FilePlan | Refusal {
  const ours = [
    ...(prompt === '' ? [] : [{ path: `${workspaceDir}/${TASK_FILE}`, content: prompt, origin: 'the description of the Task' }]),
    ...present(contexts.contextFile),
    ...present(openCode.config),
    ...present(openCode.tui),
  ];
  // The prompt's usual key is its alone, and ours choose first: readers know them by name.
  const reserved = new Map(prompt === '' ? [] : [[TASK_FILE_KEY, `${workspaceDir}/${TASK_FILE}`]]);
  const keyed = withKeys(ours, reserved);
  const files = [...withKeys(contexts.files, new Map([...reserved, ...keyed.map(({ key, path }) => [key, path] as const)])), ...keyed];
  const shared = sharedFolders(files, contexts.directories, workspaceDir);
  if (isRefusal(shared)) return shared;
  return { files, directories: contexts.directories, shared, configMapName: files.length === 0 ? null : configMapName, workspaceDir };
}

function present(file: FileMount | null): readonly FileMount[] {
  return file === null ? [] : [file];
}
