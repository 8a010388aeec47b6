import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Cluster, DeleteOptions, ListOptions, ObjectList, Result } from '#host/cluster/cluster.ts';
import { draft, foreignMetadata, metadataPatch, patchBody, statusBody } from './conformance-random-bodies.ts';
import { Dice } from './dice.ts';

export const COMPARED_KINDS = ['Task', 'Pod', 'ConfigMap'] as const satisfies readonly Kind[];
export const COMPARED_NAMES = ['a', 'b', 'c'] as const;
export type ComparedKind = (typeof COMPARED_KINDS)[number];

/** What is known of an object from answers, on the side where the call is made. */
type Known = (kind: Kind, name: string, age: 'first' | 'last') => KubernetesObject | undefined;

export interface RandomCall {
  /** For people. */
  readonly text: string;
  readonly make: (cluster: Cluster, known: Known) => Promise<Result<unknown>>;
}

/** A call on one of few objects, so that they meet each other often. */
export function randomCall(random: () => number, namespace: string): RandomCall {
  const dice = new Dice(random);
  const kind = dice.pick<ComparedKind>(COMPARED_KINDS);
  const name = dice.pick<string>(COMPARED_NAMES);
  const address = { kind, namespace, name };
  switch (dice.pick(['create', 'create', 'merge', 'merge', 'strategic', 'strategic', 'status', 'delete', 'delete', 'get', 'list'])) {
    case 'create': {
      const object = draft(dice, kind, namespace, dice.maybe(0.05) ? 'Bad_' : name);
      return { text: `create ${JSON.stringify(object)}`, make: (cluster) => cluster.create(object) };
    }
    case 'merge':
      return patchCall(dice, address, 'merge');
    case 'strategic':
      return patchCall(dice, address, 'strategic');
    case 'status':
      return statusCall(dice, address);
    case 'delete':
      return deleteCall(dice, address);
    case 'get':
      return { text: `get ${kind} ${name}`, make: (cluster) => cluster.get(address) };
    default:
      return listCall(dice, kind, namespace);
  }
}

interface Address {
  readonly kind: ComparedKind;
  readonly namespace: string;
  readonly name: string;
}

/** Which UID or version a call names: mostly none, else one that may be outdated. */
type Guard = 'none' | 'last version' | 'first version' | 'last uid' | 'first uid';

function guard(dice: Dice): Guard {
  return dice.pick<Guard>(['none', 'none', 'none', 'last version', 'first version', 'last uid', 'first uid']);
}

function guarded(chosen: Guard, { kind, name }: Address, known: Known): { readonly uid?: string; readonly resourceVersion?: string } {
  const object = chosen === 'none' ? undefined : known(kind, name, chosen.startsWith('first') ? 'first' : 'last');
  const { uid, resourceVersion } = object?.metadata ?? {};
  if (chosen.endsWith('uid')) return uid === undefined ? {} : { uid };
  return resourceVersion === undefined ? {} : { resourceVersion };
}

function patchCall(dice: Dice, address: Address, patchType: 'merge' | 'strategic'): RandomCall {
  const body = { ...patchBody(dice, address.kind), ...(dice.maybe(0.1) ? { status: { phase: 'Failed' } } : {}) };
  const { finalizers, ...others } = metadataPatch(dice);
  const removed = dice.pick([['x.io/a'], ['x.io/b'], ['x.io/none']]);
  const isRemoval = patchType === 'strategic' && dice.maybe(0.5);
  const ofFinalizers = isRemoval ? { '$deleteFromPrimitiveList/finalizers': removed } : finalizers === undefined ? {} : { finalizers };
  const metadata = { ...others, ...ofFinalizers, ...(dice.maybe(0.05) ? foreignMetadata(dice) : {}) };
  const chosen = guard(dice);
  return {
    text: `${patchType} ${address.kind} ${address.name}, ${chosen}, ${JSON.stringify({ metadata, ...body })}`,
    make: (cluster, known) =>
      cluster.patch(address, { ...body, metadata: { ...metadata, ...guarded(chosen, address, known) } }, { patchType }),
  };
}

function statusCall(dice: Dice, address: Address): RandomCall {
  const { kind } = address;
  const status = statusBody(dice, kind);
  const metadata = dice.maybe(0.3) ? metadataPatch(dice) : {};
  const patchType = kind === 'Pod' ? dice.pick<'merge' | 'strategic'>(['merge', 'strategic']) : 'merge';
  const spec = kind === 'Task' ? { spec: { priority: 9 } } : {};
  const chosen = guard(dice);
  return {
    text: `${patchType} status of ${kind} ${address.name}, ${chosen}, ${JSON.stringify({ metadata, status })}`,
    make: (cluster, known) => {
      const patch = { ...spec, status, metadata: { ...metadata, ...guarded(chosen, address, known) } };
      return cluster.patch(address, patch, { patchType, subresource: 'status' });
    },
  };
}

function deleteCall(dice: Dice, address: Address): RandomCall {
  const gracePeriodSeconds = dice.pick<number | undefined>([undefined, undefined, 0, 5, 60, -1]);
  const options: DeleteOptions = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
  const chosen = guard(dice);
  return {
    text: `delete ${address.kind} ${address.name}, ${chosen}, ${JSON.stringify(options)}`,
    make: (cluster, known) => cluster.delete(address, { ...options, ...guarded(chosen, address, known) }),
  };
}

function listCall(dice: Dice, kind: ComparedKind, namespace: string): RandomCall {
  const labelSelector = dice.pick<string | undefined>([
    undefined,
    'color=red',
    'color!=red',
    'size',
    '!size,color in (red,blue)',
    'color notin (blue)',
  ]);
  const fields: Record<ComparedKind, readonly [string | undefined, ...(string | undefined)[]]> = {
    Task: [undefined, 'status.phase=Running', 'status.phase='],
    Pod: [undefined, 'status.phase=Pending', 'spec.nodeName=nowhere', 'spec.nodeName='],
    ConfigMap: [undefined, 'metadata.name=a'],
  };
  const fieldSelector = dice.pick(fields[kind]);
  const limit = dice.pick<number | undefined>([undefined, undefined, 1, 2]);
  const options = {
    kind,
    namespace,
    ...(limit === undefined ? {} : { limit }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
  return { text: `list ${JSON.stringify(options)}`, make: (cluster) => wholeList(cluster, options) };
}

/** All pages of a list as one. */
async function wholeList(cluster: Cluster, options: ListOptions): Promise<Result<ObjectList>> {
  const first = await cluster.list(options);
  if (!first.ok) return first;
  const items = [...first.value.items];
  let { continueToken = '' } = first.value;
  while (continueToken !== '') {
    const next = await cluster.list({ ...options, continueToken });
    if (!next.ok) return next;
    items.push(...next.value.items);
    continueToken = next.value.continueToken ?? '';
  }
  return { ok: true, value: { resourceVersion: first.value.resourceVersion, items } };
}
