import type { ConfigMap } from '../api/kubernetes.ts';
import type { Task } from '../api/task.ts';
import { LABELS } from '../contract/names.ts';
import { utf8Length } from '../units/hash.ts';
import type { KeyedFile } from './files.ts';
import { ownerOf, taskLabels } from './pod-meta.ts';
import { contextError, type Refusal } from './refusal.ts';

/** Key under which upstream's readers look for the prompt, whatever the workspace is called. */
export const TASK_FILE_KEY = 'workspace-task.md';

/** What the API server takes in one ConfigMap, in bytes of its values. */
const MAX_BYTES = 1_048_576;

/** The ConfigMap that carries the files to context-init; null when there are none. */
export function contextConfigMap(task: Task, name: string, files: readonly KeyedFile[], prompt: string): ConfigMap | null | Refusal {
  if (files.length === 0) return null;
  const data = {
    ...(prompt === '' ? {} : { [TASK_FILE_KEY]: prompt }),
    ...Object.fromEntries(files.map(({ key, content }) => [key, content])),
  };
  const bytes = sizeBytes(Object.values(data));
  if (bytes > MAX_BYTES) {
    return contextError(
      `description and contexts amount to ${bytes} bytes, and a ConfigMap holds ${MAX_BYTES}; shorten them, or mount large ones as a whole ConfigMap (mountPath without key) or from git`,
    );
  }
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace: task.metadata.namespace ?? '',
      labels: { ...taskLabels(task), [LABELS.taskUid]: task.metadata.uid ?? '' },
      ownerReferences: [ownerOf(task)],
    },
    data,
  };
}

/** Bytes in UTF-8, exact where the limit may be reached: a UTF-16 unit is at most 3 bytes, and counting a large text takes the engine long. */
function sizeBytes(contents: readonly string[]): number {
  const units = contents.reduce((sum, content) => sum + content.length, 0);
  return units * 3 <= MAX_BYTES ? units : contents.reduce((sum, content) => sum + utf8Length(content), 0);
}

/** Whose a ConfigMap is that was found where ours is to be: one of an earlier Task of the same name is never used. */
export function isOwnContext(found: ConfigMap, taskUid: string, built: ConfigMap): 'Ours' | 'OursButOtherContent' | 'Foreign' {
  const owned = (found.metadata.ownerReferences ?? []).some((owner) => owner.controller === true && owner.uid === taskUid);
  if (!owned) return 'Foreign';
  const [there, wanted] = [found.data ?? {}, built.data ?? {}];
  const same =
    Object.keys(there).length === Object.keys(wanted).length &&
    Object.keys(found.binaryData ?? {}).length === 0 &&
    Object.entries(wanted).every(([key, content]) => there[key] === content);
  return same ? 'Ours' : 'OursButOtherContent';
}
