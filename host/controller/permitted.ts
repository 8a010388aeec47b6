import { type Action, assertNever } from '#core/contract/decision.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { isActionAllowed, type Subresource, type Verb } from '#core/contract/permissions.ts';
import type { Subject } from '#core/contract/snapshot.ts';

type LogTail = Extract<Action, { kind: 'LogTail' }>;

/** What an action would do at the API server. */
interface Intent {
  readonly verb: Verb;
  readonly kind: Kind;
  readonly subresource?: Subresource;
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
}

/** The write that an action asks for; null for one that writes nothing. */
function intentOf(action: Action): Intent | null {
  switch (action.type) {
    case 'Create': {
      const { kind, metadata } = action.object;
      return { verb: 'create', kind, namespace: metadata.namespace ?? '', name: metadata.name };
    }
    case 'Patch': {
      const { ref, uid, subresource } = action;
      return { verb: 'patch', ...ref, uid, ...(subresource === undefined ? {} : { subresource }) };
    }
    case 'Delete':
      return { verb: 'delete', ...action.ref, uid: action.uid };
    case 'Event':
      return { verb: 'create', kind: 'Event', namespace: action.regarding.namespace, name: action.name };
    case 'RecordStart': {
      const { namespace, name, uid } = action.agent;
      return { verb: 'patch', kind: 'Agent', subresource: 'status', namespace, name, uid };
    }
    case 'Effect':
      return action.kind === 'LogTail' ? intentOfKeeping(action.configMap) : null;
    default:
      return assertNever(action);
  }
}

/** It may be there already, and is patched then: who may create may patch. */
function intentOfKeeping({ kind, metadata }: LogTail['configMap']): Intent {
  return { verb: 'create', kind, namespace: metadata.namespace ?? '', name: metadata.name };
}

/**
 * Why an action must not be done, whatever the core says; null when it may. A decision reaches only what the permission table names, only in the
 * subject's namespace, no Task but the subject, and nothing without its UID.
 */
export function objectionTo(action: Action, subject: Subject): string | null {
  const intent = intentOf(action);
  if (intent === null) return null;
  const { verb, kind, subresource, namespace, name, uid } = intent;
  const what = `action ${action.id} (${verb} ${kind}${subresource === undefined ? '' : `/${subresource}`} ${namespace}/${name})`;
  if (!isActionAllowed(verb, kind, subresource)) return `${what}: expected a verb and kind of the permission table`;
  if (namespace !== subject.namespace) return `${what}: expected an object in namespace ${subject.namespace}`;
  if (kind === 'Task' && (name !== subject.name || uid !== subject.uid)) return `${what}: expected no other Task than the subject`;
  if (uid === '') return `${what}: expected a uid`;
  return action.type === 'Effect' && action.kind === 'LogTail' ? objectionToTail(action, what, subject) : null;
}

/** What a Pod of the Task says goes into what the Task owns, and nowhere else. */
function objectionToTail({ pod, configMap }: LogTail, what: string, subject: Subject): string | null {
  if (configMap.kind !== 'ConfigMap' || !isActionAllowed('patch', 'ConfigMap')) return `${what}: expected a ConfigMap to keep a log in`;
  if (pod.kind !== 'Pod' || pod.namespace !== subject.namespace)
    return `${what}: expected the log of a Pod in namespace ${subject.namespace}, got ${pod.kind} ${pod.namespace}/${pod.name}`;
  const owner = configMap.metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner?.kind === 'Task' && owner.uid === subject.uid ? null : `${what}: expected the subject as its controller`;
}
