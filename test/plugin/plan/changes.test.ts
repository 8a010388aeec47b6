import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Change } from '#plugin/contract/plan.ts';
import { plain } from '#plugin/io.ts';
import { changesBetween } from '#plugin/plan/changes.ts';
import { changeLines } from '#plugin/plan/changes-text.ts';

type Fields = Readonly<Record<string, unknown>>;

function object(fields: Fields, metadata: Fields = {}): KubernetesObject {
  return { metadata: { name: 'fix', ...metadata }, ...fields } as KubernetesObject;
}

const queued = { type: 'Queued', status: 'True', reason: 'AgentAtCapacity', message: 'waits', lastTransitionTime: '2026-01-01T00:00:00Z' };

describe('changes between two states of an object', () => {
  test.each<[what: string, before: KubernetesObject, after: KubernetesObject, changes: readonly Change[]]>([
    [
      'a value',
      object({ status: { phase: 'Queued' } }),
      object({ status: { phase: 'Running' } }),
      [{ path: 'status.phase', op: 'replace', from: 'Queued', to: 'Running' }],
    ],
    [
      'what was not there, leaf by leaf',
      object({}),
      object({ status: { phase: 'Queued', times: { queued: 't' } } }),
      [
        { path: 'status.phase', op: 'add', to: 'Queued' },
        { path: 'status.times.queued', op: 'add', to: 't' },
      ],
    ],
    [
      'what goes',
      object({ spec: { stop: { mode: 'Retain' } } }),
      object({ spec: {} }),
      [{ path: 'spec.stop.mode', op: 'remove', from: 'Retain' }],
    ],
    [
      'a condition, whole, by its type',
      object({ status: { conditions: [{ ...queued, type: 'Ready' }, queued] } }),
      object({
        status: {
          conditions: [
            { ...queued, status: 'False' },
            { ...queued, type: 'Ready' },
          ],
        },
      }),
      [{ path: 'status.conditions[type=Queued]', op: 'replace', from: queued, to: { ...queued, status: 'False' } }],
    ],
    [
      'a finalizer, as an item',
      object({}, { finalizers: ['a', 'b'] }),
      object({}, { finalizers: ['b'] }),
      [{ path: 'metadata.finalizers', op: 'remove', from: 'a' }],
    ],
    ['the last finalizer', object({}, { finalizers: ['a'] }), object({}), [{ path: 'metadata.finalizers', op: 'remove', from: 'a' }]],
    [
      'a key with dots',
      object({}),
      object({}, { annotations: { 'kubeopencode.io/stop': 'true' } }),
      [{ path: 'metadata.annotations["kubeopencode.io/stop"]', op: 'add', to: 'true' }],
    ],
    [
      'inside an item that is told by its number, and one that is new',
      object({ status: { attempts: [{ number: 1 }] } }),
      object({ status: { attempts: [{ number: 1, cause: 'Evicted' }, { number: 2 }] } }),
      [
        { path: 'status.attempts[number=1].cause', op: 'add', to: 'Evicted' },
        { path: 'status.attempts[number=2]', op: 'add', to: { number: 2 } },
      ],
    ],
    [
      'items without a name of their own, wherever they stand',
      object({ status: { history: [{ at: 1 }, { at: 2 }] } }),
      object({ status: { history: [{ at: 2 }, { at: 3 }] } }),
      [
        { path: 'status.history', op: 'remove', from: { at: 1 } },
        { path: 'status.history', op: 'add', to: { at: 3 } },
      ],
    ],
    [
      'the order of a plain list',
      object({ spec: { command: ['a', 'b'] } }),
      object({ spec: { command: ['b', 'a'] } }),
      [{ path: 'spec.command', op: 'replace', from: ['a', 'b'], to: ['b', 'a'] }],
    ],
    [
      'what the API server counts',
      object({}, { resourceVersion: '1', generation: 1 }),
      object({}, { resourceVersion: '2', generation: 2 }),
      [],
    ],
  ])('%s', (_what, before, after, changes) => expect(changesBetween(before, after)).toEqual(changes));

  const json = fc.jsonValue({ maxDepth: 4 });

  test('equal objects have none, and different ones have some', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(changesBetween(object({ spec: a }), object({ spec: structuredClone(a) }))).toEqual([]);
        const isSame = JSON.stringify(a) === JSON.stringify(b) || isEmptyOf(a, b);
        expect(changesBetween(object({ spec: a }), object({ spec: b })).length > 0 || isSame).toBe(true);
      }),
    );
  });

  test('backwards they are the same with from and to exchanged', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const [there, back] = [
          changesBetween(object({ spec: a }), object({ spec: b })),
          changesBetween(object({ spec: b }), object({ spec: a })),
        ];
        expect(new Set(back.map((change) => JSON.stringify(turned(change))))).toEqual(
          new Set(there.map((change) => JSON.stringify(sorted(change)))),
        );
      }),
    );
  });
});

/** Maps that differ only in the order of their keys are one to Kubernetes. */
function isEmptyOf(a: unknown, b: unknown): boolean {
  return changesBetween(object({ spec: a }), object({ spec: b })).length === 0 && canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function sorted({ path, op, from, to }: Change): unknown {
  return [path, op, canonical(from ?? null), canonical(to ?? null)];
}

function turned({ path, op, from, to }: Change): unknown {
  return [path, op === 'add' ? 'remove' : op === 'remove' ? 'add' : op, canonical(to ?? null), canonical(from ?? null)];
}

describe('as lines', () => {
  const lines = (changes: readonly Change[], width?: number) =>
    changeLines(changes, { indent: '  ', paint: plain, ...(width === undefined ? {} : { width }) });

  test('what people look for comes first; bookkeeping is left to JSON', () => {
    const changes: readonly Change[] = [
      { path: 'status.observedGeneration', op: 'add', to: 1 },
      { path: 'status.startTime', op: 'add', to: '2026-01-01T00:00:00Z' },
      {
        path: 'status.conditions[type=Queued]',
        op: 'replace',
        from: queued,
        to: { ...queued, status: 'False', reason: 'Free', message: 'go' },
      },
      { path: 'status.phase', op: 'replace', from: 'Queued', to: 'Running' },
      { path: 'metadata.finalizers', op: 'remove', from: 'kubeopencode.io/pod-end' },
    ];
    expect(lines(changes)).toEqual([
      '  ~ status.phase: Queued -> Running',
      "  ~ status.conditions[Queued]: True/AgentAtCapacity -> False/Free 'go'",
      '  + status.startTime: 2026-01-01T00:00:00Z',
      '  - metadata.finalizers: kubeopencode.io/pod-end',
    ]);
  });

  test('a condition says its message once', () => {
    const changes: readonly Change[] = [
      { path: 'status.message', op: 'add', to: 'waits' },
      { path: 'status.conditions[type=Queued]', op: 'add', to: queued },
    ];
    expect(lines(changes)).toEqual([
      "  + status.message: 'waits'".replaceAll("'", ''),
      '  + status.conditions[Queued]: True/AgentAtCapacity',
    ]);
  });

  test('a condition of which only the time is new', () => {
    const to = { ...queued, lastTransitionTime: '2026-01-01T00:01:00Z' };
    expect(lines([{ path: 'status.conditions[type=Queued]', op: 'replace', from: queued, to }])).toEqual([
      "  ~ status.conditions[Queued]: True/AgentAtCapacity 'waits', 2026-01-01T00:00:00Z -> 2026-01-01T00:01:00Z",
    ]);
  });

  test('long values are cut, and lines broken where the screen ends', () => {
    const [whole = ''] = lines([{ path: 'status.message', op: 'add', to: 'word '.repeat(100) }]);
    expect(whole.length).toBeLessThan(160);
    expect(whole).toMatch(/…'$/);
    const broken = lines([{ path: 'status.message', op: 'add', to: 'word '.repeat(100) }], 40);
    expect(broken.length).toBeGreaterThan(3);
    expect(broken.every((line) => line.length <= 40)).toBe(true);
  });
});
