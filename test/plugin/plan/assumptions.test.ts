import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { TaskSpec } from '#core/api/task.ts';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { parseSource } from '#plugin/input/documents.ts';
import { type PlannedObject, readManifests } from '#plugin/input/objects.ts';
import { ASSUMPTIONS, type Assumption } from '#plugin/plan/assumptions.ts';
import { planOf } from '#plugin/plan/planned.ts';
import { runPlan } from '#plugin/plan/run.ts';
import { NAMESPACE, task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';

const engine = loadEngine(readFileSync(new URL('../../../dist/core.wasm', import.meta.url)));

function objectsOf(spec: Partial<TaskSpec> = {}): readonly PlannedObject[] {
  const made = [newObject('AgentTemplate', template()), newObject('Task', task({ spec }))];
  const text = made.map((object) => JSON.stringify(object)).join('\n---\n');
  return readManifests(parseSource({ name: 'objects', text }).objects, NAMESPACE, false).objects;
}

/** Phase and cause a day later: those that nobody gives up wait still. */
const ENDS: Readonly<Record<Assumption, string>> = {
  succeeded: 'Completed',
  failed: 'Failed Application',
  'out-of-memory': 'Failed OutOfMemory',
  evicted: 'Failed Evicted',
  preempted: 'Failed Preempted',
  'node-shutdown': 'Failed Evicted',
  'node-lost': 'Failed NodeLost',
  'image-pull': 'Running Image',
  'invalid-image': 'Running Image',
  'config-error': 'Running Configuration',
  rejected: 'Failed Unschedulable',
  unschedulable: 'Running Unschedulable',
  deleted: 'Failed PodDeleted',
};

test.each(ASSUMPTIONS)('every Pod is assumed to end: %s', async (assume) => {
  const { tasks } = planOf(await runPlan({ engine, objects: objectsOf(), horizonMs: 86_400_000, assume }));
  const [{ end } = { end: undefined }] = tasks;
  expect([end?.phase, end?.cause].filter((word) => word !== undefined).join(' ')).toBe(ENDS[assume]);
});

test('evicted before its agent has started, a Pod is replaced for nothing, and a retry is spent on what the agent did', async () => {
  const objects = objectsOf({ retry: { limit: 1 } });
  const podsOf = async (assume: Assumption): Promise<number> => {
    const { tasks } = planOf(await runPlan({ engine, objects, horizonMs: 86_400_000, assume }));
    return (tasks[0]?.steps ?? []).flatMap(({ actions }) => actions).filter(({ verb, kind }) => verb === 'create' && kind === 'Pod').length;
  };
  expect([await podsOf('failed'), await podsOf('rejected')]).toEqual([2, 12]);
});
