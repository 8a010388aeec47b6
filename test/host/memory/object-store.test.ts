import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import { keyOf, ObjectStore } from '#host/cluster/memory/object-store.ts';

type Write = { readonly type: 'put' | 'remove'; readonly name: string } | { readonly type: 'compact' };

const writes: fc.Arbitrary<Write[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ type: fc.constant('put' as const), name: fc.constantFrom('a', 'b', 'c', 'd') }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('remove' as const), name: fc.constantFrom('a', 'b', 'c', 'd') }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const) }) },
  ),
  { maxLength: 60 },
);

function object(name: string, mark: number): StoredObject {
  const metadata = { name, namespace: 'n', uid: `uid-${mark}`, resourceVersion: '', creationTimestamp: '2026-01-01T00:00:00Z' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
}

describe('ObjectStore', () => {
  it('gives back the state at each version since compaction, and its changes lead from each to the next', () => {
    fc.assert(
      fc.property(writes, (steps) => {
        const store = new ObjectStore(true);
        const states = new Map<number, readonly string[]>([[store.revision, []]]);
        const shown = (revision?: number): string[] =>
          store.sorted('ConfigMap', revision).map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);
        for (const [index, step] of steps.entries()) {
          if (step.type === 'compact') store.compact();
          else if (step.type === 'put') store.put(object(step.name, index));
          else {
            const found = store.get('ConfigMap', keyOf('n', step.name));
            if (found !== undefined) store.remove(found);
          }
          states.set(store.revision, shown());
        }
        for (const [revision, state] of states) {
          if (revision < store.compactedRevision) continue;
          expect(shown(revision)).toEqual(state);
          const replayed = new Map(state.map((text) => [text.split('@')[0] ?? '', text]));
          for (const { type, object: changed } of store.since('ConfigMap', revision)) {
            const { name, resourceVersion } = changed.metadata;
            if (type === 'DELETED') replayed.delete(name);
            else replayed.set(name, `${name}@${resourceVersion}`);
          }
          expect([...replayed.values()].sort()).toEqual(shown());
        }
      }),
    );
  });

  it('bounds its memory of changes without being asked', () => {
    const store = new ObjectStore();
    for (let index = 0; index < 25_000; index++) store.put(object('a', index));
    expect(store.since('ConfigMap', 1).length).toBeLessThanOrEqual(20_000);
    expect(store.compactedRevision).toBeGreaterThan(1);
    expect(store.sorted('ConfigMap', store.compactedRevision).length).toBe(1);
  });
});
