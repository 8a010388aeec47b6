import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Agent } from '#core/api/agent.ts';
import type { Task, TaskSpec } from '#core/api/task.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { planOf } from '#plugin/plan/planned.ts';
import { runPlan } from '#plugin/plan/run.ts';
import { agent, agentTask, NAMESPACE, task, template } from '#test/support/builders.ts';
import { firstDecided, firstPlanned } from '#test/support/first-step.ts';
import { newObject } from '#test/support/new-object.ts';
import { virtualHost } from '#test/support/virtual-host.ts';

/** The first step of a plan is what the host does next: each situation is made with the host off, planned, and then the host is started on the same cluster. */
const engine = loadEngine(readFileSync(new URL('../../../dist/core.wasm', import.meta.url)));

const KINDS: readonly Kind[] = ['KubeOpenCodeConfig', 'AgentTemplate', 'Agent', 'Task', 'Pod', 'ConfigMap'];

interface Situation {
  /** Before the host goes off. */
  readonly before?: (world: World) => void;
  /** How long the host works then. Default: 4 s. */
  readonly workMs?: number;
  /** While it is off. */
  readonly meanwhile?: (world: World) => void;
  /** How long it is off. Default: 1 s. */
  readonly offMs?: number;
  /** Identifiers of the actions that come first. */
  readonly ids: readonly string[];
}

const forever = { podSpec: { labels: { 'sim.kubeopencode.io/outcome': 'never' } } };
const put = (world: World, kind: Kind, object: Parameters<typeof newObject>[1]) => world.apply(newObject(kind, object));
const putTemplate = (world: World, labels: Readonly<Record<string, string>> = {}) =>
  put(
    world,
    'AgentTemplate',
    template({
      podSpec: { labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [`sim.kubeopencode.io/${key}`, value])) },
    }),
  );
const putAgent = (world: World, spec: Partial<Agent['spec']>) => put(world, 'Agent', agent(spec));
const putTask = (world: World, spec: Partial<TaskSpec> = {}, name = 'fix-bug') => put(world, 'Task', task({ name, spec }));
const putAgentTask = (world: World, name = 'fix-bug') => put(world, 'Task', agentTask({ name }));
const annotate = (world: World, annotations: Readonly<Record<string, string>>) =>
  world.server.patch({ kind: 'Task', namespace: NAMESPACE, name: 'fix-bug' }, { metadata: { annotations } }, { patchType: 'merge' });

const SITUATIONS: Readonly<Record<string, Situation>> = {
  'a new Task': {
    before: (world) => putTemplate(world),
    meanwhile: (world) => putTask(world),
    ids: ['configmap/1/fix-bug-context', 'pod/1', 'event/1/PodCreated'],
  },
  'one more than its Agent takes': {
    before: (world) => {
      putAgent(world, { maxConcurrentTasks: 1, ...forever });
      putAgentTask(world, 'holder');
    },
    meanwhile: (world) => putAgentTask(world),
    ids: ['status/queued', 'event/1/Queued'],
  },
  'one that waits there already': {
    before: (world) => {
      putAgent(world, { maxConcurrentTasks: 1, ...forever });
      putAgentTask(world, 'holder');
      putAgentTask(world);
    },
    ids: [],
  },
  'a quota that is used up': {
    before: (world) => {
      putAgent(world, { quota: { maxTaskStarts: 1, windowSeconds: 3_600 } });
      putAgentTask(world, 'earlier');
    },
    workMs: 10_000,
    meanwhile: (world) => putAgentTask(world),
    ids: ['status/queued', 'event/1/QuotaExceeded'],
  },
  'a Pod that runs': {
    before: (world) => {
      putTemplate(world, { outcome: 'never' });
      putTask(world);
    },
    ids: [],
  },
  'a Pod that has ended': {
    before: (world) => {
      putTemplate(world, { 'run-for': '5s' });
      putTask(world);
    },
    offMs: 10_000,
    ids: ['status/end/1', 'event/1/Completed', 'release/<uid>'],
  },
  'a Pod whose image can’t be pulled': {
    before: (world) => {
      putTemplate(world, { outcome: 'image-pull' });
      putTask(world);
    },
    workMs: 10_000,
    offMs: 60_000,
    ids: [],
  },
  'a stop that somebody asked for': {
    before: (world) => {
      putTemplate(world, { outcome: 'never' });
      putTask(world);
    },
    meanwhile: (world) => annotate(world, { 'kubeopencode.io/stop': 'true' }),
    ids: ['status/running/1', 'end/<uid>'],
  },
  'a timeout that is due': {
    before: (world) => {
      putTemplate(world, { outcome: 'never' });
      putTask(world, { timeout: '20s' });
    },
    offMs: 30_000,
    ids: ['status/running/1', 'end/<uid>'],
  },
  'an Agent that is missing': { meanwhile: (world) => putAgentTask(world), ids: ['status/waiting'] },
  'a clean-up that is due': {
    before: (world) => {
      putTemplate(world);
      putTask(world, { cleanup: { ttlSecondsAfterFinished: 30 } });
    },
    workMs: 10_000,
    offMs: 60_000,
    ids: ['delete/task'],
  },
  'a Task that was deleted': {
    before: (world) => {
      putTemplate(world, { outcome: 'never' });
      putTask(world);
    },
    meanwhile: (world) => void world.server.delete({ kind: 'Task', namespace: NAMESPACE, name: 'fix-bug' }, {}, 'kubectl'),
    offMs: 40_000,
    ids: ['release/<uid>'],
  },
};

describe('the first step is the host’s next action', () => {
  test.each(Object.entries(SITUATIONS))('%s', async (_name, { before, workMs = 4_000, meanwhile, offMs = 1_000, ids }) => {
    const world = createWorld();
    before?.(world);
    const early = virtualHost({ engine, world });
    await early.start();
    await world.clock.advance(workMs);
    const uid = world.server.find({ kind: 'Task', namespace: NAMESPACE, name: 'fix-bug' })?.metadata.uid;
    early.kill();
    meanwhile?.(world);
    await world.clock.advance(offMs);

    const stored = KINDS.flatMap((kind) => [...world.server.store.values(kind)]) as StoredObject[];
    const subject = { namespace: NAMESPACE, name: 'fix-bug', uid: uid ?? uidOf(world) };
    const run = await runPlan({ engine, objects: [], stored, subjects: [subject], startMs: world.clock.now(), horizonMs: 3_600_000 });
    const planned = firstPlanned(planOf(run), 'fix-bug');

    const late = virtualHost({ engine, world });
    await late.start();
    const decisions = late.decisions.flatMap(({ subject: { name }, deliberation }) =>
      name === 'fix-bug' && deliberation.type === 'Decided' ? [deliberation.decided] : [],
    );
    expect(planned).toEqual(firstDecided(decisions));
    expect(planned.actions).toEqual(ids.map((id) => expect.objectContaining({ id })));
    late.kill();
  });
});

function uidOf(world: World): string {
  const object = world.server.find({ kind: 'Task', namespace: NAMESPACE, name: 'fix-bug' }) as (StoredObject & Task) | undefined;
  if (object === undefined) throw new Error('expected the situation to have a task fix-bug, it has none');
  return object.metadata.uid;
}
