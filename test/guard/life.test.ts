import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Task } from '#core/api/task.ts';
import type { Cluster, Result } from '#host/cluster/cluster.ts';
import { delegated } from '#host/cluster/delegated.ts';
import { createWorld } from '#host/cluster/memory/world.ts';
import type { Engine } from '#host/engine/engine.ts';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { DIST } from '#scripts/build/paths.ts';
import { agent, agentTask, NAMESPACE, task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { type VirtualHost, virtualHost } from '#test/support/virtual-host.ts';

const CORE = readFileSync(`${DIST}core.wasm`);
const MINUTE_MS = 60_000;

/**
 * Calls of the core: the creation, with the template that it is sure to ask for; the Pod seen; Running seen; node, init containers and agent, as the Pod's
 * status changes; the end; what was written of it seen.
 */
const MOST_CALLS = 10;
/** With a queue besides: its wish, that it waits, what was written of that seen, its grant. */
const MOST_CALLS_QUEUED = 14;
/** Bytes in and out of all calls of a plain Task. */
const MOST_BYTES = 32_500;
/** Bytes in the answers to all its writes: they bring metadata alone. */
const MOST_BYTES_ANSWERED = 2_900;

/** core.wasm, with an account of what crossed the sandbox. */
function counted() {
  const engine = loadEngine(CORE);
  const crossed = { calls: 0, bytes: 0 };
  const counting: Engine = {
    digest: engine.digest,
    decide: (snapshot) => {
      const result = engine.decide(snapshot);
      crossed.calls += 1;
      crossed.bytes += JSON.stringify(snapshot).length + (result.type === 'Answered' ? JSON.stringify(result.decision).length : 0);
      return result;
    },
  };
  return { engine: counting, crossed };
}

/** The same cluster, with an account of what its answers to writes weigh. */
function weighed(cluster: Cluster, answers: { bytes: number }): Cluster {
  const weigh = async <T>(call: Promise<Result<T>>): Promise<Result<T>> => {
    const result = await call;
    answers.bytes += JSON.stringify(result).length;
    return result;
  };
  return {
    ...delegated(cluster),
    create: (...args) => weigh(cluster.create(...args)),
    replace: (...args) => weigh(cluster.replace(...args)),
    patch: (...args) => weigh(cluster.patch(...args)),
    delete: (...args) => weigh(cluster.delete(...args)),
  };
}

/** Watches are taken up again now and then, whatever the Tasks do. */
function readsOf(host: VirtualHost): number {
  return host.reads.filter(({ verb }) => verb === 'get' || verb === 'list').length;
}

/** So many Tasks from their creation to their end, on a whole cluster in memory. */
async function lives(count: number, by: 'template' | 'agent with two slots') {
  const world = createWorld();
  const { engine, crossed } = counted();
  const answers = { bytes: 0 };
  const host = virtualHost({ engine, world, wrap: (cluster) => weighed(cluster, answers) });
  world.apply(by === 'template' ? newObject('AgentTemplate', template()) : newObject('Agent', agent({ maxConcurrentTasks: 2 })));
  await host.start();
  const [reads, calls, bytes] = [readsOf(host), crossed.calls, crossed.bytes];
  for (let index = 0; index < count; index++) {
    const name = `t${index}`;
    world.apply(newObject('Task', by === 'template' ? task({ name }) : agentTask({ name })));
  }
  await world.clock.advance(MINUTE_MS * count);
  const ended = Array.from({ length: count }, (_, index) => host.get<Task>('Task', NAMESPACE, `t${index}`)?.status?.phase);
  expect(ended).toEqual(Array.from({ length: count }, () => 'Completed'));
  expect(host.warnings).toEqual([]);
  const written: Record<string, number> = {};
  for (const { verb, kind, subresource } of host.writes) {
    const call = [verb, kind, subresource].filter((part) => part !== undefined).join(' ');
    written[call] = (written[call] ?? 0) + 1;
  }
  return { written, reads: readsOf(host) - reads, calls: crossed.calls - calls, bytes: crossed.bytes - bytes, answered: answers.bytes };
}

describe('a plain Task from its creation to its end', () => {
  test('costs five writes, two Events, no read, and few calls of the core', async () => {
    const { written, reads, calls, bytes, answered } = await lives(1, 'template');
    expect(written).toEqual({ 'create ConfigMap': 1, 'create Pod': 1, 'patch Task status': 2, 'patch Pod': 1, 'create Event': 2 });
    expect(reads).toBe(0);
    expect(calls).toBeLessThanOrEqual(MOST_CALLS);
    expect(bytes).toBeLessThanOrEqual(MOST_BYTES);
    expect(answered).toBeLessThanOrEqual(MOST_BYTES_ANSWERED);
  });
});

describe('a Task that waits in its queue', () => {
  test('costs one status write and one Event more, and not more the longer the queue is', async () => {
    const few = await lives(6, 'agent with two slots');
    const many = await lives(24, 'agent with two slots');
    // The first two have their slots at once.
    const due = (count: number) => ({
      'create ConfigMap': count,
      'create Pod': count,
      'patch Task status': 2 * count + (count - 2),
      'patch Pod': count,
      'create Event': 2 * count + (count - 2),
    });
    expect(few.written).toEqual(due(6));
    expect(many.written).toEqual(due(24));
    expect([few.reads, many.reads]).toEqual([0, 0]);
    // What each Task more costs, in the long queue as in the short one.
    expect((many.calls - few.calls) / 18).toBeLessThanOrEqual(MOST_CALLS_QUEUED);
  });
});
