import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { apiVersionOf, type Kind } from '#core/contract/kinds.ts';
import type { Cluster, DeleteOptions, Result } from '#host/cluster/cluster.ts';
import type { Fields } from './conformance-kit.ts';

export const COMPARED_KINDS = ['Task', 'Pod', 'ConfigMap'] as const satisfies readonly Kind[];
export const COMPARED_NAMES = ['a', 'b', 'c'] as const;
type ComparedKind = (typeof COMPARED_KINDS)[number];

/** What is known of an object from answers, on the side where the call is made. */
type Known = (kind: Kind, name: string, age: 'first' | 'last') => KubernetesObject | undefined;

export interface RandomCall {
  /** For people. */
  readonly text: string;
  readonly make: (cluster: Cluster, known: Known) => Promise<Result<unknown>>;
}

/** Chooses by chance. */
class Dice {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  pick<T>(options: readonly [T, ...T[]]): T {
    return options[Math.floor(this.#random() * options.length)] ?? options[0];
  }

  maybe(chance: number): boolean {
    return this.#random() < chance;
  }
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

function draft(dice: Dice, kind: ComparedKind, namespace: string, name: string): KubernetesObject & { readonly kind: Kind } {
  const metadata = JSON.parse(
    JSON.stringify({ ...metadataPatch(dice), name, namespace }, (_, value) => (value === null ? undefined : value)),
  );
  const bodies = {
    Task: { spec: { templateRef: { name: 't' }, description: dice.pick(['x', 'y']) } },
    Pod: { spec: podSpec(dice) },
    ConfigMap: { data: { a: '1' } },
  };
  return { apiVersion: apiVersionOf(kind), kind, metadata, ...bodies[kind] };
}

function podSpec(dice: Dice): Fields {
  const resources = { limits: { cpu: '1', memory: '1Gi' } };
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    // No scheduler of the cluster may bind it.
    schedulerName: 'nobody',
    ...(dice.maybe(0.7) ? { nodeName: 'nowhere' } : {}),
    ...dice.pick<Fields>([{}, { terminationGracePeriodSeconds: 7 }, { activeDeadlineSeconds: 50 }]),
    containers: [{ name: 'c', image: dice.pick(['i', 'i:1', 'i@sha256:aaaa', '']), ...(dice.maybe(0.1) ? { resources } : {}) }],
  };
}

function metadataPatch(dice: Dice): Fields {
  const labels = dice.pick<Fields | null | undefined>([undefined, { color: 'red' }, { color: 'blue', size: null }, { size: 'l' }, null]);
  const finalizers = dice.pick<readonly string[] | null | undefined>([undefined, null, [], ['x.io/a'], ['x.io/a', 'x.io/b'], ['x.io/b']]);
  const annotations = dice.pick<Fields | undefined>([undefined, { n: '1' }, { n: null }]);
  return Object.fromEntries(Object.entries({ labels, finalizers, annotations }).filter(([, value]) => value !== undefined));
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
  const bodies: Record<ComparedKind, () => Fields | undefined> = {
    Task: () =>
      dice.pick<Fields | undefined>([undefined, { spec: { priority: 1 } }, { spec: { priority: null } }, { spec: { description: 'z' } }]),
    Pod: () => podPatch(dice),
    ConfigMap: () => dice.pick<Fields | undefined>([undefined, { data: { a: '2' } }, { data: { a: null, b: '3' } }, { data: null }]),
  };
  const body = { ...bodies[address.kind](), ...(dice.maybe(0.1) ? { status: { phase: 'Failed' } } : {}) };
  const { finalizers, ...others } = metadataPatch(dice);
  const removed = dice.pick([['x.io/a'], ['x.io/b'], ['x.io/none']]);
  const isRemoval = patchType === 'strategic' && dice.maybe(0.5);
  const ofFinalizers = isRemoval ? { '$deleteFromPrimitiveList/finalizers': removed } : finalizers === undefined ? {} : { finalizers };
  const metadata = { ...others, ...ofFinalizers };
  const chosen = guard(dice);
  return {
    text: `${patchType} ${address.kind} ${address.name}, ${chosen}, ${JSON.stringify({ metadata, ...body })}`,
    make: (cluster, known) =>
      cluster.patch(address, { ...body, metadata: { ...metadata, ...guarded(chosen, address, known) } }, { patchType }),
  };
}

function podPatch(dice: Dice): Fields | undefined {
  const spec = dice.pick<Fields | undefined>([
    undefined,
    { activeDeadlineSeconds: dice.pick<number | null>([1, 20, 60, null, 0, -1]) },
    { restartPolicy: 'Always' },
    { containers: [{ name: 'c', image: 'j' }] },
    { nodeName: 'other' },
    { tolerations: [{ key: 'z', operator: 'Exists' }] },
    { terminationGracePeriodSeconds: 3 },
  ]);
  return spec === undefined ? undefined : { spec };
}

function statusCall(dice: Dice, address: Address): RandomCall {
  const { kind } = address;
  const more = kind === 'Task' ? { reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' } : {};
  const condition = (type: string, status: string): Fields => ({ type, status, ...more });
  const status = dice.pick<Fields | null>([
    { phase: 'Running' },
    { phase: kind === 'Pod' ? 'Succeeded' : 'Completed' },
    { phase: null },
    { conditions: [condition('A', 'True'), condition('B', 'False')] },
    { conditions: [condition('A', 'False')] },
    { conditions: null },
    null,
  ]);
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
  const options = {
    kind,
    namespace,
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
  return { text: `list ${JSON.stringify(options)}`, make: (cluster) => cluster.list(options) };
}
