import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { LogPiece } from '#host/cluster/cluster.ts';
import type { Faults } from '#host/cluster/memory/faults.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import { LEDGERS } from '#host/controller/controller.ts';
import { createJournal } from '#host/observe/journal.ts';
import { NAMESPACE, task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { type VirtualHost, type VirtualHostOptions, virtualHost } from '#test/support/virtual-host.ts';

const POD = { kind: 'Pod', namespace: NAMESPACE, name: 'fix-bug-pod' } as const;
const TASK = { kind: 'Task', namespace: NAMESPACE, name: 'fix-bug' } as const;
const WHOLE = 'agent: started\nagent: ended with exit code 143\n';

/** A cluster in which the Task's agent runs until it is ended, and takes 5 s for that. */
function newWorld(): World {
  const world = createWorld();
  const labels = { 'sim.kubeopencode.io/outcome': 'never', 'sim.kubeopencode.io/stop-after': '5s' };
  world.apply(newObject('AgentTemplate', template({ podSpec: { labels } })));
  world.apply(newObject('Task', task()));
  return world;
}

async function runs(world: World, options: Partial<VirtualHostOptions> = {}): Promise<VirtualHost> {
  const host = virtualHost({ engine: sourceEngine, world, ...options });
  await host.start();
  await world.clock.advance(5_000);
  expect(world.server.find(POD)?.status).toMatchObject({ phase: 'Running' });
  return host;
}

const attempts = (world: World) => (world.server.find(TASK) as Task | undefined)?.status?.attempts;

function keptLogs(world: World): readonly (KubernetesObject & { readonly data?: Readonly<Record<string, string>> })[] {
  return [...world.server.store.values('ConfigMap')].filter(({ metadata }) => metadata.name.startsWith('fix-bug-log'));
}

function stop(world: World): void {
  world.server.patch(TASK, { metadata: { annotations: { 'kubeopencode.io/stop': 'true' } } }, { patchType: 'merge' });
}

describe('the end of a log', () => {
  test('of a Pod that is deleted while it runs is kept to its last word, though the kubelet has no log of such a Pod', async () => {
    const world = newWorld();
    const host = await runs(world);
    world.server.delete(POD, {});
    await world.clock.advance(60_000);
    expect(world.server.find(POD)).toBeUndefined();
    const [log, ...others] = keptLogs(world);
    expect(others).toEqual([]);
    expect(log).toMatchObject({
      data: { agent: WHOLE },
      metadata: { ownerReferences: [{ kind: 'Task', name: 'fix-bug', controller: true }] },
    });
    expect(attempts(world)).toMatchObject([{ log: { configMapName: log?.metadata.name, bytes: WHOLE.length, truncated: false } }]);
    expect(host.warnings).toEqual([]);
  });

  test('of a Task that is stopped is kept before its Pod goes', async () => {
    const world = newWorld();
    await runs(world);
    stop(world);
    await world.clock.advance(60_000);
    expect(world.server.find(POD)).toBeUndefined();
    expect(keptLogs(world)).toMatchObject([{ data: { agent: WHOLE } }]);
  });

  test('reaches neither snapshot nor journal, and leaves its secrets on the way', async () => {
    const canary = 'canary-5f2b9c1d';
    const world = newWorld();
    const said = ['begin\n', `Authorization: Bearer ${canary}\n`, `{"apiKey":"${canary}"}\n`, 'end\n'];
    async function* follow(): AsyncIterable<LogPiece> {
      for (const text of said) yield { type: 'TEXT', text };
    }
    const host = await runs(world, { wrap: (cluster) => Object.assign(cluster, { followLogs: follow }) });
    stop(world);
    await world.clock.advance(60_000);
    expect(keptLogs(world)).toMatchObject([{ data: { agent: 'begin\nAuthorization: Bearer ***\n{"apiKey":"***"}\nend\n' } }]);
    expect(attempts(world)).toMatchObject([{ log: { truncated: false } }]);
    const lines: string[] = [];
    const files = { list: () => [], append: (_: string, line: string) => lines.push(line), remove: () => {} };
    const journal = createJournal({ files, maxSizeBytes: 50_000_000, onError: (error) => expect(error).toBeUndefined() });
    for (const { deliberation } of host.decisions) {
      const { snapshot } = deliberation;
      const decision = deliberation.type === 'Decided' ? deliberation.decided : ({ type: 'Unusable', contract: 1, message: '' } as const);
      journal.record(snapshot.now, 'core', snapshot, { type: 'Answered', decision, log: '', fuelUsed: 0 });
    }
    const told = JSON.stringify([host.decisions, host.acts, host.warnings]) + lines.join('');
    expect(host.acts.some(({ outcome }) => outcome.answer?.startsWith('{"bytes":') === true)).toBe(true);
    for (const text of [canary, 'begin\\nAuth', 'apiKey']) expect(told).not.toContain(text);
  });

  test('passes through the host’s own hook', async () => {
    const world = newWorld();
    await runs(world, { controller: { redactLog: (text) => text.toUpperCase() } });
    stop(world);
    await world.clock.advance(60_000);
    expect(keptLogs(world)).toMatchObject([{ data: { agent: WHOLE.toUpperCase() } }]);
  });

  test('that nobody may read is said to be missing, and holds nothing up', async () => {
    const world = newWorld();
    const refuse = {
      type: 'Refused',
      code: 403,
      reason: 'Forbidden',
      message: 'pods "fix-bug-pod" is forbidden: cannot get pods/log',
    } as const;
    await runs(world, { faults: { onCall: ({ verb }) => (verb === 'logs' ? { refuse } : undefined) } });
    stop(world);
    await world.clock.advance(60_000);
    expect(world.server.find(POD)).toBeUndefined();
    expect(attempts(world)).toMatchObject([{ log: { missing: expect.stringContaining('cannot get pods/log') } }]);
    expect(keptLogs(world)).toEqual([]);
  });
});

describe('a host that dies', () => {
  test('while it follows a log leaves that to the next', async () => {
    const world = newWorld();
    const host = await runs(world);
    world.server.delete(POD, {});
    await world.clock.advance(1_000);
    host.kill();
    const next = virtualHost({ engine: sourceEngine, world, name: 'next' });
    await next.start();
    await world.clock.advance(60_000);
    expect(keptLogs(world)).toMatchObject([{ data: { agent: WHOLE } }]);
    expect(attempts(world)).toMatchObject([{ log: { bytes: WHOLE.length } }]);
    expect(world.server.find(POD)).toBeUndefined();
  });

  test('after it has kept a log and before it could say so has not lost it, though it can’t be read any more', async () => {
    const world = newWorld();
    const late: Faults = {
      onCall: ({ kind, verb, name }) =>
        verb === 'create' && kind === 'ConfigMap' && name.includes('-log') ? { responseDelayMs: 60_000 } : undefined,
    };
    const host = await runs(world, { faults: late });
    world.server.delete(POD, {});
    await world.clock.advance(10_000);
    expect(keptLogs(world)).toHaveLength(1);
    expect(attempts(world)).toBeUndefined();
    host.kill();
    const next = virtualHost({ engine: sourceEngine, world, name: 'next' });
    await next.start();
    await world.clock.advance(60_000);
    expect(attempts(world)).toMatchObject([
      { log: { configMapName: keptLogs(world)[0]?.metadata.name, bytes: WHOLE.length, truncated: false } },
    ]);
    expect(world.server.find(POD)).toBeUndefined();
  });
});

test('a Task that goes while its log is followed leaves nothing behind', async () => {
  const world = newWorld();
  const host = await runs(world);
  world.server.delete(POD, {});
  await world.clock.advance(1_000);
  expect(host.controller.counts().effects).toBe(1);
  world.server.delete(TASK, {});
  await world.clock.advance(120_000);
  expect(world.server.find(POD)).toBeUndefined();
  expect(keptLogs(world)).toEqual([]);
  expect(host.controller.counts().ledgers).toEqual(Object.fromEntries(LEDGERS.map((ledger) => [ledger, 0])));
});
