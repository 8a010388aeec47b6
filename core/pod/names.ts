import type { Task } from '../api/task.ts';
import { fnv1a32 } from '../units/hash.ts';
import { cutName, MAX_LABEL_LENGTH, MAX_NAME_LENGTH } from '../units/names.ts';

/** Name of an attempt's Pod: `<task>-pod`, from the second attempt on `<task>-pod-<attempt>`; at most 63 characters, long Task names are cut and hashed. */
export function podName(taskName: string, attempt: number): string {
  return cutName(taskName, withAttempt('-pod', attempt), MAX_LABEL_LENGTH);
}

/** Name of the ConfigMap with an attempt's files, as upstream has it: `<task>-context`; from the second attempt on with its number behind. */
export function usualContextName(taskName: string, attempt: number): string {
  return cutName(taskName, withAttempt('-context', attempt), MAX_NAME_LENGTH);
}

/** Name of that ConfigMap when the usual one is taken by an object that is not this Task's: a hash of the Task's UID tells them apart. */
export function contextConfigMapName(taskName: string, taskUid: string, attempt: number): string {
  return cutName(taskName, `${withAttempt('-context', attempt)}-${fnv1a32(taskUid)}`, MAX_NAME_LENGTH);
}

/** Name of the ConfigMap with the end of an attempt's log: `<task>-log-<hash of the Task's UID>`, from the second attempt on with its number before the hash. */
export function logConfigMapName(taskName: string, taskUid: string, attempt: number): string {
  return cutName(taskName, `${withAttempt('-log', attempt)}-${fnv1a32(taskUid)}`, MAX_NAME_LENGTH);
}

/** Value of the label `kubeopencode.io/task`: the Task's name, cut and hashed above 63 characters. */
export function taskLabel(taskName: string): string {
  return cutName(taskName, '', MAX_LABEL_LENGTH);
}

/** Title of the OpenCode session: `kubeopencode/<namespace>/<task>/<first 8 characters of the UID>`. The same name in a later Task gives another title. */
export function sessionTitle(task: Pick<Task, 'metadata'>): string {
  const { namespace = '', name, uid = '' } = task.metadata;
  return `kubeopencode/${namespace}/${name}/${uid.slice(0, 8)}`;
}

function withAttempt(suffix: string, attempt: number): string {
  return attempt <= 1 ? suffix : `${suffix}-${attempt}`;
}
