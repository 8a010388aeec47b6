import type { ConfigMap, KubernetesObject } from '#core/api/kubernetes.ts';
import { apiVersionOf } from '#core/contract/kinds.ts';
import type { ReadKind, ReadResult, Snapshot } from '#core/contract/snapshot.ts';

/** An object in the place of one that lacks, and how it is made. */
export interface StandIn {
  /** Ref key without `?live`. */
  readonly key: string;
  readonly change: string;
  readonly object: KubernetesObject;
}

/** What an Agent or AgentTemplate has to say at least. */
export const STAND_IN_SPEC = { workspaceDir: '/workspace', serviceAccountName: 'default' } as const;

/** Smallest objects that would do for what the core asked for and did not find, one for each: an absent Agent, template or ConfigMap, or the keys that lack in one. */
export function standIns({ task, read, subject }: Pick<Snapshot, 'task' | 'read' | 'subject'>): readonly StandIn[] {
  const keys = new Set(Object.keys(read).map((key) => key.replace(/\?live$/, '')));
  return [...keys].flatMap((key) => {
    const answer = read[`${key}?live`] ?? read[key];
    const [kind, namespace, name = ''] = key.split('/');
    if (answer === undefined || namespace !== subject.namespace) return [];
    return standInFor({ kind: kind as ReadKind, namespace, name, key, answer, wanted: keysWanted(name, [task, ...foundIn(read)]) });
  });
}

interface Lacking {
  readonly kind: ReadKind;
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
  readonly answer: ReadResult;
  /** Keys of a ConfigMap that somebody names. */
  readonly wanted: readonly string[];
}

function standInFor({ kind, namespace, name, key, answer, wanted }: Lacking): readonly StandIn[] {
  const metadata = { name, namespace, uid: '00000000-0000-0000-0000-000000000000' };
  if (kind === 'ConfigMap') {
    const found = 'found' in answer ? (answer.found as ConfigMap) : undefined;
    const missing = wanted.filter((each) => found?.data?.[each] === undefined);
    if ('unavailable' in answer || (found !== undefined && missing.length === 0)) return [];
    const object: ConfigMap = {
      ...(found ?? { apiVersion: 'v1', kind, metadata }),
      data: { ...found?.data, ...Object.fromEntries(missing.map((each) => [each, 'stand-in'])) },
    };
    const named =
      missing.length === 0 ? '' : ` ${found === undefined ? 'with' : 'has'} ${missing.length === 1 ? 'key' : 'keys'} ${missing.join(', ')}`;
    return [{ key, object, change: found === undefined ? `ConfigMap ${name}${named} is there` : `ConfigMap ${name}${named}` }];
  }
  if (!('absent' in answer) || (kind !== 'Agent' && kind !== 'AgentTemplate')) return [];
  const object = { apiVersion: apiVersionOf(kind), kind, metadata, spec: STAND_IN_SPEC };
  return [{ key, object, change: `${kind} ${name} is there` }];
}

function foundIn(read: Snapshot['read']): readonly KubernetesObject[] {
  return Object.values(read).flatMap((answer) => ('found' in answer ? [answer.found] : []));
}

/** Every `key` that stands beside this `name`, wherever: references to ConfigMaps and Secrets have one form. */
function keysWanted(name: string, values: readonly unknown[]): readonly string[] {
  const keys = values.flatMap((value) => keysIn(name, value));
  return [...new Set(keys)].sort();
}

function keysIn(name: string, value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own =
    'name' in value && value.name === name && 'key' in value && typeof value.key === 'string' && value.key !== '' ? [value.key] : [];
  return [...own, ...Object.values(value).flatMap((below) => keysIn(name, below))];
}
