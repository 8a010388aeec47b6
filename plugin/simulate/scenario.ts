import type { ConfigMap } from '#core/api/kubernetes.ts';
import { OUTCOMES, type Outcome, type PodScript } from '#host/cluster/memory/pod-script.ts';
import { Draw, seedOf } from '#host/simulation/draw.ts';
import { disturbances, MOST, scenarioOf, sorted } from '#host/simulation/generate.ts';
import { FAULTS, type FaultRates, type Fields, type Happening, type Scenario, type Timed } from '#host/simulation/scenario.ts';
import type { PlannedObject } from '../input/objects.ts';
import { type FaultGroup, happeningsOf, ratesOf } from './faults.ts';
import type { ShortNames } from './short-names.ts';

/** How likely a history has a fault that it may have: rare combinations get their turn undisturbed by all others. */
const SHARE = 0.5;
/** Something goes wrong for so long, seconds; behind it everything comes to rest. */
const SHORTEST_TROUBLE = 30;
const LONGEST_TROUBLE = 200;

/** The history of a seed in which the objects of files live, and suffer some of these faults. */
export function scenarioOfFiles(
  seed: number,
  objects: readonly PlannedObject[],
  names: ShortNames,
  groups: readonly FaultGroup[],
): Scenario {
  const draw = new Draw(seedOf(seed, 'files'));
  const quietAfterMs = draw.int(SHORTEST_TROUBLE, LONGEST_TROUBLE) * 1_000;
  const may = happeningsOf(groups);
  const befall = [
    ...disturbances(draw, quietAfterMs, undefined),
    ...objects.flatMap((object) => (object.kind === 'Task' ? troubles(draw, atOf(object, names), quietAfterMs) : [])),
  ].filter(({ happening }) => may.has(happening.type));
  const lives = objects.flatMap((object) => lifeOf(draw, object, names, quietAfterMs));
  return {
    seed,
    quietAfterMs,
    rates: ratesFor(draw, groups),
    happenings: sorted([...lives, ...befall]),
    hasSchemas: true,
    ...(draw.chance(0.25) ? { pageSize: draw.int(1, 3) } : {}),
  };
}

/** The history of a seed with everything drawn: Tasks, Agents, people. Of the faults of calls and watches only those of the groups. */
export function drawnScenario(seed: number, groups: readonly FaultGroup[]): Scenario {
  const scenario = scenarioOf(seed);
  const may = ratesOf(groups);
  return { ...scenario, rates: rates((name) => (may.has(name) ? scenario.rates[name] : 0)) };
}

function ratesFor(draw: Draw, groups: readonly FaultGroup[]): FaultRates {
  const may = ratesOf(groups);
  return rates((name) => {
    const rate = draw.chance(SHARE) ? draw.unit() * (name === 'log' ? 1 : MOST[name]) : 0;
    return may.has(name) ? rate : 0;
  });
}

function rates(of: (name: keyof FaultRates) => number): FaultRates {
  return Object.fromEntries(FAULTS.map((name) => [name, of(name)])) as Record<keyof FaultRates, number>;
}

/** What the Tasks need is there before them, the servers of Agents too. */
function lifeOf(draw: Draw, object: PlannedObject, names: ShortNames, quietAfterMs: number): readonly Timed[] {
  const happening = applied(draw, object, names);
  if (object.kind === 'Task') return [{ atMs: draw.weighted([[2, 100], [2, draw.int(100, quietAfterMs)]]), happening }]; // biome-ignore format: a table
  const ready = { type: 'AgentReady', at: atOf(object, names), ready: true } as const;
  return [{ atMs: 0, happening }, ...(object.kind === 'Agent' ? [{ atMs: 0, happening: ready }] : [])];
}

interface Place {
  readonly namespace: string;
  readonly name: string;
}

function atOf({ kind, metadata: { namespace = '', name } }: PlannedObject, names: ShortNames): Place {
  return { namespace: names.namespace(namespace), name: kind === 'Task' ? names.task(namespace, name) : name };
}

function applied(draw: Draw, object: PlannedObject, names: ShortNames): Happening {
  const at = atOf(object, names);
  const { spec = {} } = object as { readonly spec?: Fields };
  switch (object.kind) {
    case 'Task':
      return { type: 'CreateTask', at, spec, script: scriptOf(draw), later: [scriptOf(draw), { outcome: 'succeed' }] };
    case 'Agent':
      return { type: 'ApplyAgent', at, spec };
    case 'AgentTemplate':
      return { type: 'ApplyTemplate', at, spec };
    case 'KubeOpenCodeConfig':
      return { type: 'ApplyConfig', spec };
    case 'ConfigMap':
      return { type: 'ApplyConfigMap', at, data: (object as ConfigMap).data ?? {} };
  }
}

/** Nodes are lost by an outage instead, which ends; an agent that never ends tells nothing. */
const DRAWN: readonly Outcome[] = OUTCOMES.filter((name) => name !== 'node-lost' && name !== 'never');

/** How a Pod goes: most succeed. */
function scriptOf(draw: Draw): Partial<PodScript> {
  return {
    outcome: draw.weighted(DRAWN.map((name) => [name === 'succeed' ? 16 : 1, name] as const)),
    exitCode: draw.pick([1, 2, 130]),
    runForMs: draw.pick([100, 3_000, draw.int(0, 60_000)]),
    startDelayMs: draw.weighted([[3, 0], [1, draw.int(0, 8_000)]]), // biome-ignore format: a table
    stopAfterMs: draw.weighted([[3, 0], [2, draw.int(0, 12_000)], [1, 100_000]]), // biome-ignore format: a table
    stopExitCode: draw.pick([0, 143]),
  };
}

/** What people and the cluster do to the Pod of a Task, or to the Task. */
function troubles(draw: Draw, at: Place, quietAfterMs: number): readonly Timed[] {
  const pod = { namespace: at.namespace, name: `${at.name}-pod` };
  const happenings: readonly Happening[] = [
    { type: 'EvictPod', at: pod },
    { type: 'Delete', kind: 'Pod', at: pod, options: {} },
    { type: 'Delete', kind: 'Pod', at: { ...pod, name: `${pod.name}-2` }, options: { gracePeriodSeconds: 0 } },
    { type: 'StopTask', at },
  ];
  return happenings.flatMap((happening) => {
    const timed = { atMs: draw.int(1_000, quietAfterMs), happening };
    return draw.chance(0.15) ? [timed] : [];
  });
}
