import type { TaskSpec } from '#core/api/task.ts';
import { OUTCOMES, type Outcome, type PodScript } from '#host/cluster/memory/pod-script.ts';
import type { Draw } from './draw.ts';
import type { Place } from './generate-agents.ts';
import { type Fields, type Happening, SHARE_LABEL, type Share, type Timed } from './scenario.ts';
import { meddling, nonsenseForTask } from './strange.ts';

/** What becomes of one Task at the hands of people. */
export function lifeOf(
  draw: Draw,
  { namespace, agents, templates }: Place,
  name: string,
  quietAfterMs: number,
  shares: readonly Share[] | undefined,
): readonly Timed[] {
  const at = { namespace, name };
  const pod = { namespace, name: `${name}-pod` };
  const byAgent = draw.chance(0.65);
  const spec = (): TaskSpec | Fields => ({
    description: `do ${name}`,
    ...(byAgent ? { agentRef: { name: draw.pick(agents) } } : { templateRef: { name: draw.pick(templates) } }),
    ...(draw.chance(0.3) ? { timeout: `${draw.int(1, 60)}s` } : {}),
    ...(draw.chance(0.3)
      ? { stop: { mode: draw.pick(['Delete', 'Retain'] as const), ...(draw.chance(0.4) ? { gracePeriodSeconds: draw.int(0, 8) } : {}) } }
      : {}),
    ...(draw.chance(0.25) ? { priority: draw.int(-2, 5) } : {}),
    ...(draw.chance(0.06) ? { suspend: true } : {}),
    ...(draw.chance(0.08) ? { cleanup: { ttlSecondsAfterFinished: draw.int(0, 60) } } : {}),
    ...(draw.chance(0.04) ? nonsenseForTask(draw) : {}),
  });
  const labels = shares?.[0]?.label === undefined ? {} : { labels: { [SHARE_LABEL]: draw.pick(['a', 'b']) } };
  const created = (): Happening => ({ type: 'CreateTask', at, spec: spec(), script: scriptOf(draw), ...labels });
  const bornMs = draw.weighted([[3, 0], [3, draw.int(0, 10_000)], [2, draw.int(0, quietAfterMs)]]); // biome-ignore format: a table
  const after = (mostMs: number): number => bornMs + draw.int(0, mostMs);
  const happenings: Timed[] = [{ atMs: bornMs, happening: created() }];
  const add = (probability: number, mostMs: number, happening: () => Happening): void => {
    if (draw.chance(probability)) happenings.push({ atMs: after(mostMs), happening: happening() });
  };
  happenings.push(...meddling(draw, at, bornMs, quietAfterMs, shares));
  add(0.2, 40_000, () => ({ type: 'StopTask', at }));
  add(0.1, 30_000, () => ({
    type: 'Delete',
    kind: 'Pod',
    at: pod,
    options: draw.pick([{}, { gracePeriodSeconds: 0 }, { gracePeriodSeconds: 3 }]),
  }));
  add(0.06, 30_000, () => ({ type: 'EvictPod', at: pod }));
  add(0.06, 30_000, () => ({
    type: 'PatchTask',
    at,
    spec: draw.pick([{ suspend: true }, { suspend: false }, { priority: 9 }, { timeout: '5s' }]),
  }));
  if (draw.chance(0.06)) {
    happenings.push({ atMs: draw.int(0, bornMs + 5_000), happening: { type: 'ForeignPod', at: pod } });
    if (draw.chance(0.7)) happenings.push({ atMs: after(60_000), happening: { type: 'Delete', kind: 'Pod', at: pod, options: {} } });
  }
  if (draw.chance(0.1)) {
    // A name that is used again at once: what is meant for the one must not reach the other.
    const atMs = after(20_000);
    const soon = (): number => draw.int(100, 4_000);
    if (draw.chance(0.7)) happenings.push({ atMs, happening: { type: 'StopTask', at } });
    const deletedMs = atMs + soon();
    happenings.push({ atMs: deletedMs, happening: { type: 'Delete', kind: 'Task', at, options: {} } });
    happenings.push({ atMs: deletedMs + soon(), happening: created() });
  }
  if (draw.chance(0.18)) {
    const atMs = after(50_000);
    const propagationPolicy = draw.weighted([[5, 'Background'], [3, 'Foreground'], [1, 'Orphan']] as const); // biome-ignore format: a table
    happenings.push({ atMs, happening: { type: 'Delete', kind: 'Task', at, options: { propagationPolicy } } });
    if (draw.chance(0.7)) happenings.push({ atMs: atMs + draw.int(0, 30_000), happening: created() });
  }
  return happenings;
}

/** Nodes are lost by an outage instead, which ends. */
const DRAWN_OUTCOMES = OUTCOMES.filter((name) => name !== 'node-lost');

/** What may also befall an init container; the others never come to run then. */
const OF_INIT: ReadonlySet<Outcome> = new Set(['fail', 'out-of-memory', 'image-pull', 'invalid-image', 'config-error']);

function scriptOf(draw: Draw): Partial<PodScript> {
  const outcome = draw.weighted(DRAWN_OUTCOMES.map((name) => [name === 'succeed' ? 8 : 1, name] as const));
  return {
    outcome,
    ...(OF_INIT.has(outcome) && draw.chance(0.3) ? { container: 'context-init' } : {}),
    exitCode: draw.pick([1, 2, 130]),
    runForMs: draw.pick([100, 1_000, 3_000, draw.int(0, 40_000)]),
    startDelayMs: draw.weighted([[3, 0], [1, draw.int(0, 8_000)]]), // biome-ignore format: a table
    ...(draw.chance(0.1) ? { pullForMs: draw.int(0, 30_000), pullFailures: draw.int(0, 3) } : {}),
    stopAfterMs: draw.weighted([[3, 0], [2, draw.int(0, 12_000)], [1, 100_000]]), // biome-ignore format: a table
    stopExitCode: draw.pick([0, 143]),
  };
}
