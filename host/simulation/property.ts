import type { Agent } from '#core/api/agent.ts';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { LABELS, POD_FINALIZER } from '#core/contract/names.ts';
import { jsonEqual } from '#host/cluster/json.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { Change } from '#host/cluster/memory/object-store.ts';
import type { Ledger } from './ledger.ts';
import type { TaskRecord } from './records.ts';

/** What is wrong with a host's write, whatever it is for; and the Task that it is about. */
export interface Write {
  readonly fault: string | null;
  readonly task: TaskRecord | undefined;
}

/** Judges a write of a host by whose the object is: of what is not its own it may write only what the API leaves to it. */
export function faultOfWrite(ledger: Ledger, { object, previous }: Change): Write {
  switch (object.kind) {
    case 'Task': {
      const isOurs = previous !== undefined && isOnlyStatusOrLabel(previous, object);
      return { task: ledger.tasks.get(object.metadata.uid), fault: isOurs ? null : 'of a task only its status and the label of its agent' };
    }
    case 'Pod':
    case 'ConfigMap': {
      // Its kubelet's word, right after a host's write that was refused.
      if (previous !== undefined && isOnlyStatus(previous, object)) return { task: undefined, fault: null };
      const task = ownerOf(ledger, object);
      // Who orphans a Pod leaves our finalizer on it, which is taken away.
      const isOrphan = task === undefined && object.kind === 'Pod' && object.metadata.labels?.[LABELS.taskUid] !== undefined;
      // Somebody may have taken our label from it meanwhile.
      const isLetGo = previous !== undefined && ledger.pods.get(object.metadata.uid)?.task !== undefined && isOnlyRelease(previous, object);
      return { task, fault: task !== undefined || isOrphan || isLetGo ? null : 'no task controls it' };
    }
    case 'Event':
      return { task: ledger.tasks.get((object as StoredObject & { regarding?: { uid?: string } }).regarding?.uid ?? ''), fault: null };
    case 'Agent': {
      const isOurs = previous !== undefined && isOnlyHistory(previous, object);
      return { task: undefined, fault: isOurs ? null : 'of an agent only the history of starts' };
    }
    default:
      return { task: undefined, fault: 'nothing of it' };
  }
}

function ownerOf(ledger: Ledger, { metadata }: KubernetesObject): TaskRecord | undefined {
  const owner = metadata.ownerReferences?.find(({ controller, kind }) => controller === true && kind === 'Task');
  return ledger.tasks.get(owner?.uid ?? '');
}

/** A deletion changes what the API server sets, and nothing else. */
function isOnlyStatusOrLabel(before: StoredObject, after: StoredObject): boolean {
  const rest = ({ status: _, metadata, ...fields }: StoredObject): object => {
    const {
      resourceVersion: __,
      generation: ___,
      deletionTimestamp: ____,
      deletionGracePeriodSeconds: _____,
      finalizers: ______,
      ...kept
    } = metadata;
    const { [LABELS.agent]: _______, ...labels } = metadata.labels ?? {};
    return { ...fields, metadata: { ...kept, labels } };
  };
  return jsonEqual(rest(before), rest(after));
}

function isOnlyStatus(before: StoredObject, after: StoredObject): boolean {
  const rest = ({ status: _, metadata: { resourceVersion: __, ...metadata }, ...fields }: StoredObject): object => ({
    ...fields,
    metadata,
  });
  return jsonEqual(rest(before), rest(after));
}

function isOnlyRelease(before: StoredObject, after: StoredObject): boolean {
  const rest = ({ metadata: { resourceVersion: _, finalizers: __, ...metadata }, ...fields }: StoredObject): object => ({
    ...fields,
    metadata,
  });
  const others = (before.metadata.finalizers ?? []).filter((finalizer) => finalizer !== POD_FINALIZER);
  return jsonEqual(rest(before), rest(after)) && jsonEqual(others, after.metadata.finalizers ?? []);
}

function isOnlyHistory(before: StoredObject, after: StoredObject): boolean {
  const rest = (object: StoredObject): object => {
    const { taskStartHistory: _, ...status } = (object as StoredObject & Agent).status ?? {};
    const { resourceVersion: __, ...metadata } = object.metadata;
    return { ...object, metadata, status };
  };
  return jsonEqual(rest(before), rest(after));
}
