import type { KubernetesObject, OwnerReference } from '#core/api/kubernetes.ts';
import { isHeld } from '#core/contract/held.ts';
import { RESOURCES } from '#core/contract/kinds.ts';
import { LABELS } from '#core/contract/names.ts';
import type { Subject } from '#core/contract/snapshot.ts';

/** Any version: an owner reference may have been written under another one. */
const GROUP_PREFIX = `${RESOURCES.Task.group}/`;

/**
 * `namespace/name/uid`: the key of everything that the controller keeps of a subject. The UID makes a Task that was deleted and created again under its
 * name another subject; namespace and name are enough to ask the API server for it when it is in no store any more.
 */
export type SubjectKey = string;

export function keyOf(subject: Subject): SubjectKey {
  return `${subject.namespace}/${subject.name}/${subject.uid}`;
}

/** The subject behind a key. Throws on what is no key. */
export function subjectOf(key: SubjectKey): Subject {
  const [namespace, name, uid, ...more] = key.split('/');
  if (namespace === undefined || name === undefined || uid === undefined || more.length > 0) {
    throw new Error(`subject key: expected namespace/name/uid, got ${JSON.stringify(key)}`);
  }
  return { namespace, name, uid };
}

/** Key of a Task as a subject; undefined without a UID. */
export function keyOfTask(task: KubernetesObject): SubjectKey | undefined {
  const { namespace = '', name, uid } = task.metadata;
  return uid === undefined ? undefined : keyOf({ namespace, name, uid });
}

/** Key of the Task that is an object's controller owner; undefined when that is none. */
export function keyOfOwner(object: KubernetesObject): SubjectKey | undefined {
  const owner = object.metadata.ownerReferences?.find(isControllingTask);
  return owner === undefined ? undefined : keyOf({ namespace: object.metadata.namespace ?? '', name: owner.name, uid: owner.uid });
}

/**
 * Key of the Task that a Pod without a controller was made for, by our label: `--cascade=orphan` takes the owner away and leaves our finalizer. The name may be
 * cut; such a subject is asked for, is not there, and its Pod is let go. undefined for a Pod that has a controller or does not bear our finalizer.
 */
export function keyOfOrphan(pod: KubernetesObject): SubjectKey | undefined {
  const { labels, namespace = '', ownerReferences } = pod.metadata;
  const uid = labels?.[LABELS.taskUid];
  if (uid === undefined || uid.includes('/') || !isHeld(pod) || ownerReferences?.some((owner) => owner.controller)) return undefined;
  return keyOf({ namespace, name: labels?.[LABELS.task] || uid, uid });
}

function isControllingTask(owner: OwnerReference): boolean {
  return owner.controller === true && owner.kind === 'Task' && owner.apiVersion.startsWith(GROUP_PREFIX);
}
