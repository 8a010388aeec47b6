import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Task } from '#core/api/task.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import { createWorld } from '#host/cluster/memory/world.ts';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import type { Plan } from '#plugin/contract/plan.ts';
import { colored, plain } from '#plugin/io.ts';
import { fleetText } from '#plugin/plan/fleet-text.ts';
import { planOf } from '#plugin/plan/planned.ts';
import { runPlan } from '#plugin/plan/run.ts';
import { agent, agentTask, task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { virtualHost } from '#test/support/virtual-host.ts';

const engine = loadEngine(readFileSync(new URL('../../../dist/core.wasm', import.meta.url)));
const KINDS: readonly Kind[] = ['AgentTemplate', 'Agent', 'Task', 'Pod'];
let plan: Plan;

/** Tasks in every state that there is, as a cluster holds them. */
beforeAll(async () => {
  const world = createWorld();
  const put = (kind: Kind, object: Parameters<typeof newObject>[1]) => world.apply(newObject(kind, object));
  put('Agent', agent({ maxConcurrentTasks: 2, podSpec: { labels: { 'sim.kubeopencode.io/run-for': '1h' } } }));
  put('AgentTemplate', template());
  put('AgentTemplate', {
    ...template({ podSpec: { labels: { 'sim.kubeopencode.io/outcome': 'fail' } } }),
    metadata: { name: 'failing', namespace: 'team-a' },
  });
  put('Task', task({ name: 'done' }));
  const host = virtualHost({ engine, world });
  await host.start();
  await world.clock.advance(60_000);
  for (const name of ['held-1', 'held-2']) put('Task', agentTask({ name }));
  await world.clock.advance(10_000);
  host.kill();
  for (let index = 1; index <= 12; index += 1) put('Task', agentTask({ name: `waits-${index}` }));
  for (const name of ['new', 'another']) put('Task', task({ name }));
  put('Task', task({ name: 'bad', spec: { templateRef: { name: 'failing' } } }));
  put('Task', task({ name: 'lost', spec: { templateRef: { name: 'nobody' } } }));
  put('Task', task({ name: 'suspended', spec: { suspend: true } }));
  const stored = KINDS.flatMap((kind) => [...world.server.store.values(kind)]) as StoredObject[];
  const tasks = stored.filter((object): object is StoredObject & Task => object.kind === 'Task');
  const subjects = tasks.map(({ metadata: { namespace = '', name, uid } }) => ({ namespace, name, uid }));
  plan = planOf(await runPlan({ engine, objects: [], stored, subjects, startMs: world.clock.now(), horizonMs: 3 * 3_600_000 }));
});

const shown = (
  options: { readonly width?: number; readonly isWide?: boolean; readonly hasSteps?: boolean; readonly paint?: typeof plain } = {},
) => fleetText(plan, { paint: plain, toYaml: stringify, isWide: false, hasHeaders: true, hasSteps: false, ...options });

describe('the summary', () => {
  test('groups by what the first moment comes to, with the reason, and by the end', () => {
    expect(plan.summary.tasks).toBe(20);
    expect(plan.summary.now.map(({ outlook, count, says }) => `${outlook} ${count}: ${says}`)).toEqual([
      'Starts 3: creates pod <task>-pod',
      'Runs 2: pod <task>-pod is Running',
      'Waits 12: agent "coder" has no place free',
      'Waits 1: task is suspended',
      'Blocked 1: agent template "nobody" not found in namespace "team-a"',
      'Finished 1: Completed',
    ]);
    expect(plan.summary.ends.map(({ type, phase, cause, count }) => `${type} ${phase} ${cause ?? ''} ${count}`)).toEqual([
      expect.stringMatching(/^Ends Completed {2}\d+$/),
      'Ends Failed Application 1',
      expect.stringMatching(/^GoesOn Running {2}2$/),
      'GoesOn Queued  1',
      expect.stringMatching(/^Blocked Queued {2}\d+$/),
      'Blocked Failed Agent 1',
      'Ended Completed  1',
    ]);
    const all = (groups: readonly { readonly count: number }[]) => groups.reduce((sum, { count }) => sum + count, 0);
    expect([all(plan.summary.now), all(plan.summary.ends)]).toEqual([20, 20]);
  });

  test('names the first few of each', () => {
    const waiting = plan.summary.now.find(({ outlook }) => outlook === 'Waits');
    expect(waiting?.first).toEqual(['team-a/waits-1', 'team-a/waits-2', 'team-a/waits-3']);
  });
});

describe('as text', () => {
  test('is a line a reason; steps only when asked for', () => {
    const text = shown();
    expect(text).toMatch(/^start +3 +creates pod <task>-pod +new, another, bad$/m);
    expect(text).toMatch(/^wait +12 +agent "coder" has no place free +waits-1, waits-2, waits-3, …$/m);
    expect(text).toMatch(/^Failed \(Application\) +1 +\+5\.2s +bad$/m);
    expect(text).not.toContain('+0.0s  ');
    expect(text).toContain('Plan: 20 Tasks; ');
    expect(shown({ hasSteps: true })).toContain('Task team-a/new\n  +0.0s');
  });

  test('with -o wide is a line a Task', () => {
    const lines = shown({ isWide: true }).split('\n');
    expect(lines.find((line) => line.startsWith('NAMESPACE'))).toMatch(/^NAMESPACE +NAME +NOW +POD +ENDS +AS +WHY$/);
    expect(lines.find((line) => line.includes(' new '))).toMatch(/^team-a +new +start +\+0\.0s +\+5\.2s +Completed +creates pod new-pod$/);
    expect(lines.find((line) => line.includes(' lost '))).toMatch(/^team-a +lost +blocked +<none> +\S+ +Failed \(Agent\) +agent template/);
    expect(lines.filter((line) => line.startsWith('team-a')).length).toBe(20);
  });

  test.each([60, 80, 120])('fits into %d columns, wide or not', (width) => {
    for (const isWide of [false, true])
      for (const line of shown({ width, isWide }).split('\n'))
        expect(line.length, line).toBeLessThanOrEqual(Math.max(width, isWide ? 100 : 0));
  });

  test('colour changes nothing but colour', () => {
    for (const isWide of [false, true]) {
      const painted = shown({ paint: colored, isWide, width: 100 });
      expect(painted).not.toBe(shown({ isWide, width: 100 }));
      expect(stripVTControlCharacters(painted)).toBe(shown({ isWide, width: 100 }));
    }
  });
});
