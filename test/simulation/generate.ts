import type { Agent } from '#core/api/agent.ts';
import type { TaskSpec } from '#core/api/task.ts';
import { OUTCOMES, type Outcome, type PodScript } from '#host/cluster/memory/pod-script.ts';
import { Draw } from './draw.ts';
import {
  FAULTS,
  type FaultName,
  type FaultRates,
  type Fields,
  type Happening,
  NODES,
  type Scenario,
  SHARE_LABEL,
  type Share,
  type Timed,
} from './scenario.ts';
import { clockJump, meddling, nonsenseForAgent, nonsenseForConfig, nonsenseForTask, sharesOf, upheavals } from './strange.ts';

interface Place {
  readonly namespace: string;
  readonly agents: readonly string[];
  readonly templates: readonly string[];
}

/** Draws a whole scenario from a seed. Each seed has only some of the faults, so that rare combinations get their turn undisturbed by all others. */
export function scenarioOf(seed: number): Scenario {
  const draw = new Draw(seed);
  const quietAfterMs = draw.int(20, 200) * 1_000;
  const places = Array.from({ length: draw.weighted([[3, 1], [1, 2]]) }, (_, index) => placeOf(draw, `team-${'ab'[index]}`)); // biome-ignore format: a table
  // Small histories show most mistakes, and many of them cost what one of the large ones does.
  const taskCount = draw.weighted([[12, draw.int(1, 2)], [4, draw.int(3, 6)], [1, draw.int(7, 12)]]); // biome-ignore format: a table
  const shares = sharesOf(draw);
  const happenings = [
    ...places.flatMap((place) => referencesOf(draw, place, quietAfterMs)),
    ...settings(draw, quietAfterMs),
    ...Array.from({ length: taskCount }, (_, index) => lifeOf(draw, draw.pick(places), `t${index}`, quietAfterMs, shares)).flat(),
    ...disturbances(draw, quietAfterMs, shares),
    ...upheavals(draw, quietAfterMs, (namespace, atMs) =>
      places.filter((place) => place.namespace === namespace).flatMap((place) => referencesAgain(draw, place, atMs)),
    ),
  ];
  return {
    seed,
    quietAfterMs,
    rates: ratesOf(draw),
    happenings: sorted(happenings),
    ...(shares === undefined ? {} : { shares }),
    ...(draw.chance(0.2) ? { hasSchemas: true } : {}),
    ...(draw.chance(0.25) ? { pageSize: draw.int(1, 3) } : {}),
  };
}

/** By time; what is drawn first goes first. */
export function sorted(happenings: readonly Timed[]): readonly Timed[] {
  return [...happenings].sort((a, b) => a.atMs - b.atMs);
}

function placeOf(draw: Draw, namespace: string): Place {
  return { namespace, agents: ['coder', 'writer'].slice(0, draw.int(1, 2)), templates: ['base', 'big'].slice(0, draw.int(1, 2)) };
}

const MOST: FaultRates = {
  crash: 0.08,
  pause: 0.05,
  refuse: 0.15,
  lose: 0.15,
  slow: 0.3,
  late: 0.06,
  watchDelay: 0.5,
  watchTwice: 0.2,
  watchClose: 0.1,
  watchFail: 0.08,
  watchStall: 0.05,
  watchDrop: 0.05,
  watchMute: 1,
  session: 1,
};
/** How likely a seed has a fault at all. */
const SHARE: Partial<Record<FaultName, number>> = { watchDrop: 0.06, watchStall: 0.2, session: 0.7 };

function ratesOf(draw: Draw): FaultRates {
  const entries = FAULTS.map((name) => [name, draw.chance(SHARE[name] ?? 0.35) ? MOST[name] * draw.unit() : 0] as const);
  return Object.fromEntries(entries) as unknown as FaultRates;
}

/** What a namespace that was deleted needs before a Task can run there. */
function referencesAgain(draw: Draw, { namespace, agents, templates }: Place, atMs: number): readonly Timed[] {
  return [
    ...templates.map((name): Timed => ({ atMs, happening: { type: 'ApplyTemplate', at: { namespace, name }, spec: base(draw) } })),
    ...agents.map((name): Timed => ({ atMs, happening: { type: 'ApplyAgent', at: { namespace, name }, spec: base(draw) } })),
  ];
}

/** Agents and templates: there at the beginning, later, or never; changed, suspended, deleted, made again. */
function referencesOf(draw: Draw, place: Place, quietAfterMs: number): readonly Timed[] {
  const { namespace } = place;
  const firstMs = (): number => draw.weighted([[6, 0], [2, draw.int(1, 40) * 1_000], [1, draw.int(40, 100) * 1_000]]); // biome-ignore format: a table
  const happenings: Timed[] = [];
  for (const name of place.templates) {
    const at = { namespace, name };
    happenings.push({
      atMs: firstMs(),
      happening: { type: 'ApplyTemplate', at, spec: { ...base(draw), ...(draw.chance(0.2) ? { maxConcurrentTasks: 2 } : {}) } },
    });
    if (draw.chance(0.08))
      happenings.push(...gone(draw, { kind: 'AgentTemplate', at }, { type: 'ApplyTemplate', at, spec: base(draw) }, quietAfterMs));
  }
  for (const name of place.agents) {
    const at = { namespace, name };
    const spec = agentSpec(draw, place);
    happenings.push({ atMs: firstMs(), happening: { type: 'ApplyAgent', at, spec } });
    if (spec.execution === 'Attach') {
      happenings.push({ atMs: draw.int(0, 30) * 1_000, happening: { type: 'AgentReady', at, ready: true } });
      if (draw.chance(0.2)) happenings.push({ atMs: draw.int(0, quietAfterMs), happening: { type: 'AgentReady', at, ready: false } });
    }
    if (draw.chance(0.25)) {
      const change = draw.pick<Partial<Agent['spec']> | Fields>([
        { maxConcurrentTasks: draw.int(1, 4) },
        { maxConcurrentTasks: 0 },
        { suspend: true },
        { execution: 'Attach' },
        { execution: 'Pod' },
        { templateRef: { name: draw.pick(place.templates) } },
        { templateRef: null },
      ]);
      const atMs = draw.int(0, quietAfterMs);
      happenings.push({ atMs, happening: { type: 'ApplyAgent', at, spec: change } });
      if (change.suspend === true && draw.chance(0.8))
        happenings.push({ atMs: atMs + draw.int(1, 60) * 1_000, happening: { type: 'ApplyAgent', at, spec: { suspend: false } } });
    }
    if (draw.chance(0.06)) {
      const atMs = draw.int(0, quietAfterMs);
      happenings.push({ atMs, happening: { type: 'ApplyAgent', at, spec: nonsenseForAgent(draw) } });
      if (draw.chance(0.7))
        happenings.push(...replaced(draw, { kind: 'Agent', at }, { type: 'ApplyAgent', at, spec: agentSpec(draw, place) }, atMs));
    }
    if (draw.chance(0.1))
      happenings.push(...gone(draw, { kind: 'Agent', at }, { type: 'ApplyAgent', at, spec: agentSpec(draw, place) }, quietAfterMs));
  }
  return happenings;
}

function base(draw: Draw): { readonly workspaceDir: string; readonly serviceAccountName: string; readonly podSpec: object } {
  const terminationGracePeriodSeconds = draw.pick([0, 2, 10, 30]);
  return { workspaceDir: '/workspace', serviceAccountName: 'agent', podSpec: { terminationGracePeriodSeconds } };
}

function agentSpec(draw: Draw, place: Place): Partial<Agent['spec']> {
  return {
    ...(draw.chance(0.3) ? { templateRef: { name: draw.pick(place.templates) } } : {}),
    ...base(draw),
    ...(draw.chance(0.6) ? { maxConcurrentTasks: draw.int(1, 3) } : {}),
    ...(draw.chance(0.2) ? { quota: { maxTaskStarts: draw.int(1, 4), windowSeconds: 60 } } : {}),
    ...(draw.chance(0.25) ? { execution: 'Attach' as const } : {}),
    ...(draw.chance(0.1) ? { taskDefaults: { timeout: `${draw.int(3, 60)}s` } } : {}),
  };
}

/** Made anew, which takes away whatever was in it. */
function replaced(
  draw: Draw,
  target: Pick<Extract<Happening, { type: 'Delete' }>, 'kind' | 'at'>,
  again: Happening,
  afterMs: number,
): readonly Timed[] {
  const atMs = afterMs + draw.int(1, 40) * 1_000;
  return [
    { atMs, happening: { type: 'Delete', ...target, options: {} } },
    { atMs, happening: again },
  ];
}

function gone(
  draw: Draw,
  target: Pick<Extract<Happening, { type: 'Delete' }>, 'kind' | 'at'>,
  again: Happening,
  quietAfterMs: number,
): readonly Timed[] {
  const atMs = draw.int(0, quietAfterMs);
  const deleted: Timed = { atMs, happening: { type: 'Delete', ...target, options: {} } };
  return draw.chance(0.7) ? [deleted, { atMs: atMs + draw.int(0, 50_000), happening: again }] : [deleted];
}

/** What becomes of one Task at the hands of people. */
function lifeOf(
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

function settings(draw: Draw, quietAfterMs: number): readonly Timed[] {
  if (!draw.chance(0.3)) return [];
  const one = (): Timed['happening'] => ({
    type: 'ApplyConfig',
    spec: draw.pick<Fields>([
      { evidence: 'BestEffort' },
      { evidence: 'Finalizer' },
      { cleanup: { maxRetainedTasks: draw.int(0, 3) } },
      { cleanup: { ttlSecondsAfterFinished: draw.int(0, 30) } },
      { cleanup: null },
      { taskDefaults: { timeout: '30s' } },
      { execution: 'Attach' },
    ]),
  });
  const happenings: Timed[] = [{ atMs: draw.chance(0.6) ? 0 : draw.int(0, quietAfterMs), happening: one() }];
  for (
    let more = draw.weighted([
      [2, 0],
      [1, draw.int(1, 4)],
    ]);
    more > 0;
    more-- // biome-ignore format: a table
  )
    happenings.push({ atMs: draw.int(0, quietAfterMs), happening: one() });
  if (draw.chance(0.2)) {
    const atMs = draw.int(0, quietAfterMs);
    const nonsense = nonsenseForConfig(draw);
    happenings.push({ atMs, happening: { type: 'ApplyConfig', spec: nonsense } });
    const mended = Object.fromEntries(Object.keys(nonsense).map((field) => [field, null]));
    if (draw.chance(0.8)) happenings.push({ atMs: atMs + draw.int(1, 40) * 1_000, happening: { type: 'ApplyConfig', spec: mended } });
  }
  return happenings;
}

function disturbances(draw: Draw, quietAfterMs: number, shares: readonly Share[] | undefined): readonly Timed[] {
  const happenings: Timed[] = [];
  const some = (probability: number, most: number, make: () => readonly Timed[]): void => {
    if (draw.chance(probability)) for (let count = draw.int(1, most); count > 0; count--) happenings.push(...make());
  };
  const atMs = (): number => draw.int(0, quietAfterMs);
  const who = (): { readonly share: number } => ({ share: draw.int(0, (shares?.length ?? 1) - 1) });
  some(0.3, 3, () => [{ atMs: atMs(), happening: { type: 'CrashHost', ...who() } }]);
  some(0.25, 2, () => [
    { atMs: atMs(), happening: { type: 'PauseHost', forMs: draw.int(1, 60) * 1_000, overlapMs: draw.int(0, 2_000), ...who() } },
  ]);
  some(0.2, 2, () => [{ atMs: atMs(), happening: { type: 'ReplaceHost', ...who() } }]);
  some(0.2, 3, () => [{ atMs: atMs(), happening: { type: 'JumpClock', byMs: clockJump(draw), ...who() } }]);
  some(0.15, 3, () => [{ atMs: atMs(), happening: { type: 'Compact' } }]);
  some(0.15, 1, () => outage(draw, atMs()));
  if (draw.chance(0.15)) {
    const from = atMs();
    happenings.push({ atMs: from, happening: { type: 'PodQuota', hard: draw.int(0, 3) } });
    happenings.push({ atMs: from + draw.int(1, 60) * 1_000, happening: { type: 'PodQuota', hard: null } });
  }
  return happenings;
}

/** A node that is lost for a while; long enough, and the taint manager gives up what runs on it. It is always back in the end. */
function outage(draw: Draw, fromMs: number): readonly Timed[] {
  const { name: node } = draw.pick(NODES);
  const taintMs = draw.int(5_000, 60_000);
  const backMs = draw.weighted([[2, draw.int(1_000, taintMs)], [2, draw.int(taintMs, 500_000)]]); // biome-ignore format: a table
  return [
    { atMs: fromMs, happening: { type: 'NodeLost', node } },
    ...(backMs > taintMs ? [{ atMs: fromMs + taintMs, happening: { type: 'NodeTainted', node } } as const] : []),
    { atMs: fromMs + backMs, happening: { type: 'NodeBack', node } },
  ];
}
