import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { Store, type StoreSink } from '#host/cluster/store.ts';
import type { StoreChange } from '#host/cluster/store-change.ts';

const pod = (name: string, version: number, more: Partial<KubernetesObject['metadata']> & { phase?: string; noise?: string } = {}) => {
  const { phase = 'Running', noise, ...metadata } = more;
  return {
    metadata: { name, namespace: 'team-a', uid: `uid-${name}`, resourceVersion: String(version), ...metadata },
    spec: { nodeName: 'n1', schedulerName: noise ?? 'default' },
    status: { phase },
  };
};

function opened(): { store: Store; sink: StoreSink; changes: StoreChange[]; versions: string[] } {
  const store = new Store();
  const changes: StoreChange[] = [];
  const versions: string[] = [];
  store.onChange((change) => changes.push(change));
  store.onVersion(({ resourceVersion }) => versions.push(resourceVersion));
  return { store, sink: store.sink('Pod'), changes, versions };
}

function listed(sink: StoreSink, objects: readonly KubernetesObject[], resourceVersion: string): void {
  sink.beginList();
  sink.page(objects);
  sink.endList(resourceVersion);
}

const address = (name: string) => ({ kind: 'Pod' as const, namespace: 'team-a', name });

describe('changes', () => {
  test('a new object is Added, one that differs in what is kept Changed, one that is deleted Removed', () => {
    const { sink, changes } = opened();
    sink.upsert(pod('a', 1));
    sink.upsert(pod('a', 2, { phase: 'Succeeded' }));
    sink.remove(pod('a', 3, { phase: 'Succeeded' }));
    expect(changes).toMatchObject([
      { type: 'Added', kind: 'Pod', after: { status: { phase: 'Running' } } },
      { type: 'Changed', before: { status: { phase: 'Running' } }, after: { status: { phase: 'Succeeded' } } },
      { type: 'Removed', how: 'Watched', before: { metadata: { resourceVersion: '3' } } },
    ]);
  });

  test('a change outside the projection is none, but its version is kept', () => {
    const { store, sink, changes, versions } = opened();
    sink.upsert(pod('a', 1));
    const before = store.get(address('a'));
    sink.upsert(pod('a', 2, { noise: 'other' }));
    expect(changes).toHaveLength(1);
    expect(store.resourceVersionOf(address('a'))).toBe('2');
    expect(store.byUid('Pod', 'uid-a')?.metadata.resourceVersion).toBe('2');
    expect(store.get(address('a'))).toEqual({ ...before, metadata: { ...before?.metadata, resourceVersion: '2' } });
    expect(versions).toEqual(['1', '2']);
  });

  test('the same name with another UID is a removal and an addition', () => {
    const { store, sink, changes } = opened();
    sink.upsert(pod('a', 1));
    sink.upsert(pod('a', 2, { uid: 'uid-second' }));
    expect(changes.map(({ type }) => type)).toEqual(['Added', 'Removed', 'Added']);
    expect(changes[1]).toMatchObject({ how: 'Replaced', before: { metadata: { uid: 'uid-a' } } });
    expect(store.byUid('Pod', 'uid-a')).toBeUndefined();
    expect(store.byUid('Pod', 'uid-second')?.metadata.name).toBe('a');
    expect(store.count('Pod')).toBe(1);
  });

  test('a late deletion of the earlier object leaves the later one', () => {
    const { store, sink } = opened();
    sink.upsert(pod('a', 2, { uid: 'uid-second' }));
    sink.remove(pod('a', 3));
    expect(store.get(address('a'))?.metadata.uid).toBe('uid-second');
  });

  test('what a new list no longer has is Removed as Missing, at its end', () => {
    const { store, sink, changes } = opened();
    listed(sink, [pod('a', 1), pod('b', 2)], '5');
    sink.beginList();
    sink.page([pod('b', 2)]);
    expect(store.get(address('a'))).toBeDefined();
    sink.endList('9');
    expect(changes.at(-1)).toMatchObject({ type: 'Removed', how: 'Missing', before: { metadata: { name: 'a' } } });
    expect(store.seenVersion('Pod')).toBe('9');
  });

  test('a list that is begun again forgets the pages of the first try', () => {
    const { store, sink } = opened();
    sink.beginList();
    sink.page([pod('a', 1)]);
    sink.beginList();
    sink.page([pod('b', 2)]);
    sink.endList('3');
    expect([...store.list('Pod')].map(({ metadata }) => metadata.name)).toEqual(['b']);
  });

  test('a listener that throws stops neither the others nor the store', () => {
    const { store, sink, changes } = opened();
    const stop = store.onChange(() => {
      throw new Error('bug');
    });
    const later: StoreChange[] = [];
    store.onChange((change) => later.push(change));
    sink.beginList();
    expect(() => sink.page([pod('a', 1), pod('b', 2)])).toThrow('bug');
    sink.endList('2');
    expect(changes).toHaveLength(2);
    expect(later).toHaveLength(2);
    stop();
    expect(() => sink.upsert(pod('c', 3))).not.toThrow();
  });
});

describe('versions', () => {
  test('a store has seen what its list or its last event has', () => {
    const { store, sink } = opened();
    expect(store.hasSeen('Pod', '1')).toBe(false);
    expect(store.isSynced('Pod')).toBe(false);
    listed(sink, [pod('a', 7)], '10');
    expect(store.isSynced('Pod')).toBe(true);
    expect([store.hasSeen('Pod', '9'), store.hasSeen('Pod', '10'), store.hasSeen('Pod', '11')]).toEqual([true, true, false]);
    sink.upsert(pod('a', 11));
    expect(store.hasSeen('Pod', '11')).toBe(true);
    sink.remove(pod('a', 100));
    expect(store.hasSeen('Pod', '99')).toBe(true);
    sink.bookmark('12345678901234567890123');
    expect(store.hasSeen('Pod', '12345678901234567890122')).toBe(true);
    expect(store.hasSeen('Task', '1')).toBe(false);
  });

  test('with a sink for each of several namespaces, each has its own version', () => {
    const store = new Store();
    const a = store.sink('Task', 'a');
    const b = store.sink('Task', 'b');
    listed(a, [], '10');
    expect([store.hasSeen('Task', '10', 'a'), store.hasSeen('Task', '10', 'b'), store.hasSeen('Task', '10')]).toEqual([true, false, false]);
    expect([store.isSynced('Task', 'a'), store.isSynced('Task')]).toEqual([true, false]);
    listed(b, [], '12');
    expect(store.hasSeen('Task', '10')).toBe(true);
    expect(store.hasSeen('Task', '10', 'c')).toBe(false);
  });

  test('a list of one namespace removes nothing of another', () => {
    const store = new Store();
    const task = (namespace: string) => ({ metadata: { name: 'x', namespace, uid: `uid-${namespace}`, resourceVersion: '1' } });
    const a = store.sink('Task', 'a');
    listed(store.sink('Task', 'b'), [task('b')], '5');
    listed(a, [task('a')], '5');
    listed(a, [], '6');
    expect([...store.list('Task')].map(({ metadata }) => metadata.namespace)).toEqual(['b']);
  });

  test('sinks that overlap are refused', () => {
    const store = new Store();
    store.sink('Task', 'a');
    expect(() => store.sink('Task', 'a')).toThrow('one is open for a');
    expect(() => store.sink('Task')).toThrow('one is open for a');
    store.sink('Task', 'b');
  });
});

describe('indexes', () => {
  const owned = (name: string, version: number, owner: string, controller = true, task?: string) =>
    pod(name, version, {
      ownerReferences: [{ apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name: 't', uid: owner, controller }],
      ...(task === undefined ? {} : { labels: { 'kubeopencode.io/task-uid': task, app: 'x' } }),
    });

  test('by controller owner, in the order of names; another owner counts for nothing', () => {
    const { store, sink } = opened();
    sink.upsert(owned('b', 1, 'task-1'));
    sink.upsert(owned('a', 2, 'task-1'));
    sink.upsert(owned('c', 3, 'task-2'));
    sink.upsert(owned('d', 4, 'task-1', false));
    const names = () => store.ownedBy('Pod', 'task-1').map(({ metadata }) => metadata.name);
    expect(names()).toEqual(['a', 'b']);
    sink.upsert(owned('a', 5, 'task-2'));
    expect(names()).toEqual(['b']);
    sink.remove(owned('b', 6, 'task-1'));
    expect(names()).toEqual([]);
    expect(store.ownedBy('Pod', 'task-2').map(({ metadata }) => metadata.name)).toEqual(['a', 'c']);
  });

  test('by the label task-uid', () => {
    const { store, sink } = opened();
    sink.upsert(owned('a', 1, 'o', true, 'task-1'));
    sink.upsert(owned('b', 2, 'o', true, 'task-1'));
    expect(store.labelledFor('Pod', 'task-1').map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    expect(store.get(address('a'))?.metadata.labels).toEqual({ 'kubeopencode.io/task-uid': 'task-1' });
  });

  test('follow when only the version changes', () => {
    const { store, sink } = opened();
    sink.upsert(owned('a', 1, 'task-1', true, 'task-1'));
    sink.upsert(owned('a', 2, 'task-1', true, 'task-1'));
    const [byOwner] = store.ownedBy('Pod', 'task-1');
    expect(byOwner).toBe(store.get(address('a')));
    expect(byOwner?.metadata.resourceVersion).toBe('2');
  });
});

/** One thing that may happen to a store, on few names so that they meet. */
type Happening =
  | { readonly type: 'Upsert'; readonly name: string; readonly uid: string; readonly phase: string; readonly owner: string }
  | { readonly type: 'Remove'; readonly name: string; readonly uid: string }
  | { readonly type: 'Relist'; readonly names: readonly string[]; readonly isRestarted: boolean };

const name = fc.constantFrom('a', 'b', 'c', 'd');
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    type: fc.constant('Upsert' as const),
    name,
    uid: fc.constantFrom('1', '2'),
    phase: fc.constantFrom('Pending', 'Running', 'Failed'),
    owner: fc.constantFrom('x', 'y'),
  }),
  fc.record({ type: fc.constant('Remove' as const), name, uid: fc.constantFrom('1', '2') }),
  fc.record({ type: fc.constant('Relist' as const), names: fc.uniqueArray(name), isRestarted: fc.boolean() }),
);

test('after any sequence the store, its indexes and the sum of its changes equal the plain model', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
      const { store, sink, changes } = opened();
      const model = new Map<string, KubernetesObject>();
      let version = 0;
      const make = (objectName: string, uid: string, phase: string, owner: string) =>
        pod(objectName, ++version, {
          uid: `${objectName}-${uid}`,
          phase,
          noise: String(version),
          ownerReferences: [{ apiVersion: 'v1', kind: 'Task', name: 't', uid: owner, controller: true }],
        });
      for (const next of happenings) {
        if (next.type === 'Upsert') {
          const object = make(next.name, next.uid, next.phase, next.owner);
          model.set(next.name, object);
          sink.upsert(object);
        } else if (next.type === 'Remove') {
          const object = make(next.name, next.uid, 'Failed', 'x');
          if (model.get(next.name)?.metadata.uid === object.metadata.uid) model.delete(next.name);
          sink.remove(object);
        } else {
          const objects = next.names.map((objectName) => make(objectName, '1', 'Running', 'x'));
          model.clear();
          for (const object of objects) model.set(object.metadata.name, object);
          sink.beginList();
          sink.page(objects.slice(0, 1));
          if (next.isRestarted) sink.beginList();
          sink.page(next.isRestarted ? objects : objects.slice(1));
          sink.endList(String(++version));
        }
      }
      const summary = (objects: Iterable<KubernetesObject>) =>
        [...objects]
          .map(
            ({ metadata, ...rest }) =>
              `${metadata.name} ${metadata.uid} ${metadata.resourceVersion} ${JSON.stringify((rest as { status?: unknown }).status)}`,
          )
          .sort();
      expect(summary(store.list('Pod'))).toEqual(summary(model.values()));
      expect(store.count('Pod')).toBe(model.size);
      for (const owner of ['x', 'y']) {
        const wanted = [...model.values()].filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === owner);
        expect(summary(store.ownedBy('Pod', owner))).toEqual(summary(wanted));
      }
      for (const object of model.values()) expect(store.byUid('Pod', object.metadata.uid ?? '')?.metadata.name).toBe(object.metadata.name);
      const replayed = new Map<string, string>();
      for (const change of changes) {
        if (change.type === 'Removed') {
          expect(replayed.get(change.before.metadata.name)).toBe(change.before.metadata.uid);
          replayed.delete(change.before.metadata.name);
        } else {
          expect(replayed.has(change.after.metadata.name)).toBe(change.type === 'Changed');
          replayed.set(change.after.metadata.name, change.after.metadata.uid ?? '');
        }
      }
      expect([...replayed.keys()].sort()).toEqual([...model.keys()].sort());
    }),
    { numRuns: 500 },
  );
});
