import { describe, expect, test } from 'vitest';
import type { Agent, TaskStart } from '#core/api/agent.ts';
import type { RecordStart } from '#core/contract/decision.ts';
import { Store, type StoreSink } from '#host/cluster/store.ts';
import { Starts } from '#host/controller/starts.ts';
import { VirtualClock } from '#host/virtual-clock.ts';
import { agent, NAMESPACE } from '#test/support/builders.ts';
import { noAnswer, refusal, type ScriptedAnswer, type ScriptedCall, scriptedCluster } from '#test/support/scripted-cluster.ts';

const AT = '2026-01-01T00:00:00Z';
const OLD = '2025-12-31T23:58:00Z';

function record(taskName: string, startTime = AT): RecordStart {
  return {
    type: 'RecordStart',
    id: `start/${taskName}`,
    agent: { namespace: NAMESPACE, name: 'coder', uid: 'agent-uid' },
    record: { taskName, taskNamespace: NAMESPACE, startTime },
    windowSeconds: 60,
  };
}

function withHistory(resourceVersion: string, history: readonly TaskStart[]): Agent {
  const made = agent({}, { taskStartHistory: [...history] });
  return { ...made, metadata: { ...made.metadata, resourceVersion } };
}

const startOf = (taskName: string, startTime = AT): TaskStart => ({ taskName, taskNamespace: NAMESPACE, startTime });
const names = (object: unknown): readonly string[] => ((object as Agent).status?.taskStartHistory ?? []).map(({ taskName }) => taskName);

/** An Agent at an API server that answers as the test says, and keeps its status otherwise. */
function world(answer: (call: ScriptedCall, index: number, patch: () => ScriptedAnswer) => ScriptedAnswer = (_, __, patch) => patch()) {
  let stored = withHistory('20', []);
  const store = new Store();
  const sink: StoreSink = store.sink('Agent');
  sink.beginList();
  sink.page([stored]);
  sink.endList('20');
  const cluster = scriptedCluster((call, index) => {
    const patch = (): ScriptedAnswer => {
      const { metadata, status } = call.body as { metadata: { resourceVersion: string }; status: Agent['status'] };
      if (metadata.resourceVersion !== stored.metadata.resourceVersion) return refusal(409, 'Conflict');
      stored = withHistory(String(Number(metadata.resourceVersion) + 1), status?.taskStartHistory ?? []);
      return { ok: true, value: stored };
    };
    return answer(call, index, call.verb === 'get' ? () => ({ ok: true, value: stored }) : patch);
  });
  const starts = new Starts({ cluster, clock: new VirtualClock(), store, signal: new AbortController().signal });
  return {
    starts,
    cluster,
    sink,
    cached: (): Agent => store.get({ kind: 'Agent', namespace: NAMESPACE, name: 'coder' }) as Agent,
    stored: () => stored,
    write: (object: Agent) => {
      stored = object;
    },
  };
}

describe('recorded starts', () => {
  test('of many Tasks go in few patches, one at a time', async () => {
    const { starts, cluster, stored } = world();
    const reports = await Promise.all(['a', 'b', 'c', 'd'].map((name) => starts.record(record(name))));
    expect(reports.map(({ actionId, result }) => `${actionId} ${result}`)).toEqual([
      'start/a ok',
      'start/b ok',
      'start/c ok',
      'start/d ok',
    ]);
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(['patch', 'patch']);
    expect(names(stored())).toEqual(['a', 'b', 'c', 'd']);
  });

  test('carry the whole list with UID and version, without what is older than the window', async () => {
    const { starts, cluster, write, sink } = world();
    const present = withHistory('30', [startOf('old', OLD), startOf('recent')]);
    write(present);
    sink.upsert(present);
    await starts.record(record('a'));
    expect(cluster.calls[0]?.body).toEqual({
      metadata: { uid: 'agent-uid', resourceVersion: '30' },
      status: { taskStartHistory: [startOf('recent'), startOf('a')] },
    });
    expect(cluster.calls[0]?.options).toEqual({ patchType: 'merge', subresource: 'status' });
  });

  test('count for the next decision from the moment that they are asked for until the watch shows them', async () => {
    const { starts, cached, stored, sink } = world();
    const [a, b] = [starts.record(record('a')), starts.record(record('b'))];
    expect(names(starts.overlay(cached()))).toEqual(['a', 'b']);
    await Promise.all([a, b]);
    expect(names(cached())).toEqual([]);
    expect(names(starts.overlay(cached()))).toEqual(['a', 'b']);
    sink.upsert(stored());
    starts.changed(cached());
    expect(starts.overlay(cached())).toBe(cached());
  });

  test('count from the moment that they are decided, until they are taken back', async () => {
    const { starts, cached } = world();
    const withdraw = starts.announce(record('a'));
    const action = record('b');
    const withdrawOther = starts.announce(action);
    expect(names(starts.overlay(cached()))).toEqual(['a', 'b']);
    withdraw();
    expect(names(starts.overlay(cached()))).toEqual(['b']);
    await starts.record(action);
    withdrawOther();
    expect(names(starts.overlay(cached()))).toEqual(['b']);
  });

  test('go on from a live read after a conflict', async () => {
    const { starts, cluster, write, stored } = world();
    write(withHistory('25', [startOf('other')]));
    await expect(starts.record(record('a'))).resolves.toMatchObject({ result: 'ok' });
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(['patch', 'get', 'patch']);
    expect(names(stored())).toEqual(['other', 'a']);
  });

  test('are refused after five conflicts in a row, and count no more', async () => {
    const { starts, cluster, cached } = world((call, _, patch) => (call.verb === 'patch' ? refusal(409, 'Conflict') : patch()));
    await expect(starts.record(record('a'))).resolves.toMatchObject({ result: 'refused', code: 409, reason: 'Conflict' });
    expect(cluster.calls.filter(({ verb }) => verb === 'patch')).toHaveLength(5);
    expect(names(starts.overlay(cached()))).toEqual([]);
  });

  test.each([
    { name: 'no answer', lost: noAnswer() },
    { name: 'a gateway’s 504', lost: refusal(504, 'Timeout') },
  ])('of which $name came are looked for, and not written twice', async ({ lost }) => {
    const { starts, cluster, stored, cached } = world((_, index, patch) => {
      if (index > 0) return patch();
      const done = patch();
      return 'ok' in done && done.ok ? lost : done;
    });
    await expect(starts.record(record('a'))).resolves.toMatchObject({ result: 'ok' });
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(['patch', 'get']);
    expect(names(stored())).toEqual(['a']);
    expect(names(starts.overlay(cached())), 'counts though the watch does not show it').toEqual(['a']);
  });

  test('are unknown while the API server does not answer at all', async () => {
    const { starts } = world(() => noAnswer());
    await expect(starts.record(record('a'))).resolves.toMatchObject({ result: 'unknown', answer: AT });
  });

  test('are refused when another Agent has the name', async () => {
    const { starts, sink, cluster } = world();
    sink.upsert({ ...withHistory('40', []), metadata: { ...withHistory('40', []).metadata, uid: 'new-uid' } });
    await expect(starts.record(record('a'))).resolves.toMatchObject({ result: 'refused', reason: 'Conflict' });
    expect(cluster.calls).toEqual([]);
  });

  test('that stand already cost no write', async () => {
    const { starts, cluster, sink, write } = world();
    const present = withHistory('30', [startOf('a')]);
    write(present);
    sink.upsert(present);
    await expect(starts.record(record('a'))).resolves.toMatchObject({ result: 'ok' });
    expect(cluster.calls).toEqual([]);
  });

  test('without a right are refused at once', async () => {
    const { starts, cluster } = world(() => refusal(403, 'Forbidden'));
    await expect(starts.record(record('a'))).resolves.toMatchObject({ result: 'refused', code: 403 });
    expect(cluster.calls).toHaveLength(1);
  });
});
