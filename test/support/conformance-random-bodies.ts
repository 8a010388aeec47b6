import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { apiVersionOf, type Kind } from '#core/contract/kinds.ts';
import type { Fields } from './conformance-kit.ts';
import type { ComparedKind } from './conformance-random-calls.ts';
import type { Dice } from './dice.ts';

/** A new object by chance; seldom one that must be refused. */
export function draft(dice: Dice, kind: ComparedKind, namespace: string, name: string): KubernetesObject & { readonly kind: Kind } {
  const metadata = JSON.parse(
    JSON.stringify({ ...metadataPatch(dice), name, namespace }, (_, value) => (value === null ? undefined : value)),
  );
  const bodies = { Task: () => ({ spec: taskSpec(dice) }), Pod: () => ({ spec: podSpec(dice) }), ConfigMap: () => configMapBody(dice) };
  return { apiVersion: apiVersionOf(kind), kind, metadata, ...bodies[kind]() };
}

export function metadataPatch(dice: Dice): Fields {
  const labels = dice.pick<Fields | null | undefined>([undefined, { color: 'red' }, { color: 'blue', size: null }, { size: 'l' }, null]);
  const finalizers = dice.pick<readonly string[] | null | undefined>([undefined, null, [], ['x.io/a'], ['x.io/a', 'x.io/b'], ['x.io/b']]);
  const annotations = dice.pick<Fields | undefined>([undefined, { n: '1' }, { n: null }]);
  return Object.fromEntries(Object.entries({ labels, finalizers, annotations }).filter(([, value]) => value !== undefined));
}

/** What the API server owns: refused or ignored. */
export function foreignMetadata(dice: Dice): Fields {
  return dice.pick<Fields>([
    { name: 'other' },
    { namespace: 'other' },
    { generation: 9 },
    { creationTimestamp: '2020-01-01T00:00:00Z' },
    { deletionGracePeriodSeconds: 9 },
    { resourceVersion: 'abc' },
  ]);
}

/** Parts of a Task's spec that its CRD refuses, drops, fills in or keeps. */
function taskPart(dice: Dice): Fields {
  return dice.pick<Fields>([
    {},
    { priority: 1 },
    { priority: 2 ** 31 },
    { timeout: '30m' },
    { timeout: '1 hour' },
    { suspend: true, timeout: 5 },
    { colour: 'red', stop: { mode: 'Retain', fast: true } },
    { stop: { mode: 'Kill' } },
    { managedBy: 'example.com/a' },
    { managedBy: 'nobody' },
    { cleanup: { ttlSecondsAfterFinished: -1 } },
    { agentRef: { name: 'a' } },
    {
      contexts: [
        { type: 'Text', text: 'x' },
        { type: 'Git', mountPath: 'g', git: { repository: 'r' } },
      ],
    },
    { contexts: [{ type: 'Text' }] },
    { contexts: [{ type: 'URL', url: { source: 's', headers: { a: 'b' } }, more: [] }] },
    { contexts: [{}] },
  ]);
}

function taskSpec(dice: Dice): Fields {
  const part = dice.maybe(0.5) ? taskPart(dice) : {};
  return { templateRef: { name: 't' }, description: dice.pick(['x', 'y']), ...part };
}

function configMapBody(dice: Dice): Fields {
  return dice.pick<Fields>([
    { data: { a: '1' } },
    { data: { a: '1' }, immutable: true },
    { data: { a: '1' }, binaryData: { b: 'AAEC' } },
    { data: { 'a/b': '1' } },
    { data: { a: '1' }, binaryData: { a: 'AAEC' } },
    {},
  ]);
}

const TOLERATION = { key: 'z', operator: 'Exists' };

function podSpec(dice: Dice): Fields {
  const resources = dice.pick<Fields | undefined>([
    undefined,
    undefined,
    { limits: { cpu: '1', memory: '1Gi' } },
    { limits: { cpu: '1000m', memory: '1024Mi' }, requests: { cpu: '0.5' } },
    { requests: { memory: '1.5Gi', cpu: '1e-1' } },
  ]);
  const volumes = dice.pick<readonly Fields[] | undefined>([
    undefined,
    undefined,
    [{ name: 'v', emptyDir: { sizeLimit: '2048Mi' } }],
    [
      { name: 'v', configMap: { name: 'c', items: [{ key: 'a', path: 'a' }] } },
      { name: 'w', secret: { secretName: 's', defaultMode: 256 } },
    ],
    [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }, { configMap: { name: 'c' } }] } }],
    [
      { name: 'v', emptyDir: {} },
      { name: 'v', emptyDir: {} },
    ],
  ]);
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    // No scheduler of the cluster may bind it.
    schedulerName: 'nobody',
    ...(dice.maybe(0.7) ? { nodeName: 'nowhere' } : {}),
    ...dice.pick<Fields>([{}, { terminationGracePeriodSeconds: 7 }, { activeDeadlineSeconds: 50 }, { tolerations: [TOLERATION] }]),
    ...(volumes === undefined ? {} : { volumes }),
    containers: [
      {
        name: 'c',
        image: dice.pick(['i', 'i:1', 'i@sha256:aaaa', '']),
        ...(resources === undefined ? {} : { resources }),
        ...(volumes === undefined ? {} : { volumeMounts: [{ name: dice.pick(['v', 'v', 'v', 'none']), mountPath: '/v' }] }),
      },
    ],
    ...(dice.maybe(0.2) ? { initContainers: [{ name: 'n', image: 'i:1', ...(dice.maybe(0.5) ? { restartPolicy: 'Always' } : {}) }] } : {}),
  };
}

/** What a patch changes beside the metadata. */
export function patchBody(dice: Dice, kind: ComparedKind): Fields | undefined {
  switch (kind) {
    case 'Task':
      return dice.pick<Fields | undefined>([
        undefined,
        { spec: { priority: 1 } },
        { spec: { priority: null } },
        { spec: { description: 'z' } },
        { spec: { templateRef: null } },
        { spec: { managedBy: null } },
        { spec: taskPart(dice) },
        { spec: taskPart(dice) },
      ]);
    case 'Pod':
      return podPatch(dice);
    case 'ConfigMap':
      return dice.pick<Fields | undefined>([
        undefined,
        { data: { a: '2' } },
        { data: { a: null, b: '3' } },
        { data: null },
        { immutable: true },
        { immutable: null },
        { binaryData: { b: 'AAEC' } },
        { data: { '..': 'x' } },
      ]);
  }
}

function podPatch(dice: Dice): Fields | undefined {
  const spec = dice.pick<Fields | undefined>([
    undefined,
    { activeDeadlineSeconds: dice.pick<number | null>([1, 20, 60, null, 0, -1]) },
    { restartPolicy: 'Always' },
    { containers: [{ name: 'c', image: 'j' }] },
    {
      containers: [
        { name: 'c', image: 'j' },
        { name: 'd', image: 'j' },
      ],
    },
    { initContainers: [{ name: 'n', image: 'j' }] },
    { nodeName: 'other' },
    { tolerations: [TOLERATION] },
    { tolerations: null },
    { terminationGracePeriodSeconds: 3 },
    { volumes: [{ name: 'x', emptyDir: {} }] },
  ]);
  return spec === undefined ? undefined : { spec };
}

export function statusBody(dice: Dice, kind: ComparedKind): Fields | null {
  const more = kind === 'Task' ? { reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' } : {};
  const condition = (type: string, status: string): Fields => ({ type, status, ...more });
  const some: readonly [Fields | null, ...(Fields | null)[]] = [
    { phase: 'Running' },
    { phase: kind === 'Pod' ? 'Succeeded' : 'Completed' },
    { phase: null },
    { conditions: [condition('A', 'True'), condition('B', 'False')] },
    { conditions: [condition('A', 'False')] },
    { conditions: null },
    null,
  ];
  if (kind !== 'Task') return dice.pick(some);
  return dice.pick<Fields | null>([
    ...some,
    { phase: 'Sleeping' },
    { mood: 'good', phase: 'Queued' },
    { conditions: [{ type: 'A', status: 'True' }] },
    { conditions: [condition('A', 'True'), condition('A', 'False')] },
    { attempts: [{ number: 1, times: { running: '2026-01-01T00:00:00Z' } }], result: { deep: [[1, [2]], null, { a: null }] } },
    { message: 'x'.repeat(4_097) },
  ]);
}
