import { describe, expect, test } from 'vitest';
import type { Task, TaskStatus } from '#core/api/task.ts';
import { LABELS } from '#core/contract/names.ts';
import { MemoryCluster } from '#host/cluster/memory/memory-cluster.ts';
import { createWorld } from '#host/cluster/memory/world.ts';
import type { Engine } from '#host/engine/engine.ts';
import { createClusterReader } from '#plugin/cluster/reader.ts';
import { queuesOf } from '#plugin/status/queue.ts';
import { othersInLine } from '#plugin/why/line.ts';
import { agent, agentTask, pod, running, SETTINGS } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { sourceEngine } from '#test/support/source-engine.ts';

const COUNT = 10_000;
const nameOf = (index: number): string => `t${String(index).padStart(5, '0')}`;

/** Ten thousand Tasks of one Agent, of which the first two run and a thousand more have ended; what was asked of the core and of the API server is counted. */
function longLine() {
  const world = createWorld({ freeze: true });
  world.apply(newObject('Agent', agent({ maxConcurrentTasks: 2 })));
  const put = (name: string, index: number, status: TaskStatus): void => {
    const made = agentTask({ name, status, metadata: { uid: `uid-${name}` } });
    const creationTimestamp = new Date(world.clock.now() + index * 1_000).toISOString();
    world.server.load({ ...made, kind: 'Task', metadata: { ...made.metadata, creationTimestamp } });
  };
  for (let index = 0; index < COUNT; index++)
    put(nameOf(index), index, index < 2 ? running({ agentRef: { name: 'coder' } }) : { phase: 'Queued' });
  for (let index = 0; index < 1_000; index++) put(`ended-${index}`, index, { phase: 'Completed', completionTime: '2026-01-01T00:00:00Z' });
  for (const name of [nameOf(0), nameOf(1)]) {
    const owner = { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name, uid: `uid-${name}`, controller: true };
    const metadata = { name: `${name}-pod`, uid: `uid-${name}-pod`, labels: { [LABELS.taskUid]: owner.uid }, ownerReferences: [owner] };
    world.server.load(newObject('Pod', pod({ metadata })));
  }
  let [decisions, requests] = [0, 0];
  const engine: Engine = {
    ...sourceEngine,
    decide: (snapshot) => {
      decisions += 1;
      return sourceEngine.decide(snapshot);
    },
  };
  const countRequest = (): undefined => {
    requests += 1;
  };
  const cluster = new MemoryCluster(world.server, { client: 'person', faults: { onCall: countRequest } });
  const tasks = [...world.server.store.values('Task')] as Task[];
  const named = (name: string): Task => tasks.find(({ metadata }) => metadata.name === name) as Task;
  const nowMs = world.clock.now() + COUNT * 1_000;
  return { world, engine, reader: createClusterReader(cluster), tasks, named, nowMs, asked: () => ({ decisions, requests }) };
}

/** 10,000 Tasks are 20 pages of 500, with the Agent, the configuration and the Pods. */
const REQUESTS = 30;

describe('the place in a line of ten thousand', () => {
  test('costs status one question to the core a Task, and reads nothing twice', async () => {
    const { engine, reader, named, nowMs, world, asked } = longLine();
    const queues = queuesOf({ engine, reader, nowMs }, [named(nameOf(COUNT - 1))]);
    await world.clock.advance(0);
    const queue = (await queues).get(`uid-${nameOf(COUNT - 1)}`);
    expect(queue).toMatchObject({ position: COUNT - 2, waiting: COUNT - 2, slots: 2, holders: [nameOf(0), nameOf(1)] });
    expect(queue?.ahead).toEqual(Array.from({ length: 100 }, (_, index) => nameOf(index + 2)));
    expect(asked().decisions).toBeLessThanOrEqual(COUNT + 10);
    expect(asked().requests).toBeLessThanOrEqual(REQUESTS);
  }, 60_000);

  test('of each of them costs no more', async () => {
    const { engine, reader, tasks, nowMs, world, asked } = longLine();
    const queues = queuesOf({ engine, reader, nowMs }, tasks);
    await world.clock.advance(0);
    const places = await queues;
    expect([...places.values()].map(({ position }) => position)).toEqual(Array.from({ length: COUNT - 2 }, (_, index) => index + 1));
    expect(Math.max(...[...places.values()].map(({ ahead }) => ahead.length))).toBe(100);
    expect(asked().decisions).toBeLessThanOrEqual(COUNT + 10);
    expect(asked().requests).toBeLessThanOrEqual(REQUESTS);
  }, 60_000);

  test('costs why the same', async () => {
    const { engine, reader, named, nowMs, world, asked } = longLine();
    const others = othersInLine({ engine, reader, settings: SETTINGS, nowMs }, named(nameOf(COUNT - 1)));
    await world.clock.advance(0);
    const line = (await others) ?? [];
    expect(line.filter(({ order }) => order === undefined).map(({ name }) => name)).toEqual([nameOf(0), nameOf(1)]);
    expect(line.filter(({ order }) => order !== undefined)).toHaveLength(COUNT - 3);
    expect(asked().decisions).toBeLessThanOrEqual(COUNT + 10);
    expect(asked().requests).toBeLessThanOrEqual(REQUESTS);
  }, 60_000);
});
