import type { Outcome, PodScript } from '#host/cluster/memory/pod-script.ts';
import { Draw, seedOf } from './draw.ts';
import { type Fields, type Happening, NO_FAULTS, NODES, type Scenario, type Timed } from './scenario.ts';

/** So many of the seeds have what belongs to a Task's whole life; the others are as they would be without, so that no mix loses its power. */
const SHARE = 1 / 3;

type Created = Extract<Happening, { type: 'CreateTask' }>;

/** The scenario with retries, pending timeouts, clean-up by outcome, logs that go wrong and what people do about all that; or, of most seeds, as it is. */
export function withLife(scenario: Scenario): Scenario {
  const draw = new Draw(seedOf(scenario.seed, 'life'));
  if (!draw.chance(SHARE)) return scenario;
  const { quietAfterMs } = scenario;
  const happenings = scenario.happenings.flatMap((timed) =>
    timed.happening.type === 'CreateTask' ? lived(draw, timed.atMs, timed.happening, quietAfterMs) : [timed],
  );
  happenings.push(...settings(draw, quietAfterMs));
  const isCalm = draw.chance(0.4);
  const isNamedAgain = !isCalm && draw.chance(0.4);
  if (isNamedAgain) happenings.splice(0, happenings.length, ...happenings.flatMap((timed) => namedAgain(draw, timed, quietAfterMs)));
  // What is meant for the one that had the name comes when another has it.
  const late = isNamedAgain ? { late: 0.3 } : {};
  const rates = isCalm ? NO_FAULTS : { ...scenario.rates, ...late, log: draw.chance(0.4) ? draw.unit() : 0 };
  return { ...scenario, rates, happenings: happenings.sort((a, b) => a.atMs - b.atMs) };
}

/** A Task that is stopped and deleted while it runs, and another that is made under its name at once. A grace of its own has the Pod deleted, and not ended first. */
function namedAgain(draw: Draw, timed: Timed, quietAfterMs: number): readonly Timed[] {
  const { atMs, happening } = timed;
  if (happening.type !== 'CreateTask' || !draw.chance(0.7)) return [timed];
  const { at } = happening;
  const spec = { ...happening.spec, stop: { gracePeriodSeconds: 1 } };
  const created: Happening = { ...happening, spec, script: { outcome: 'succeed', runForMs: 60_000 } };
  const stoppedMs = Math.min(quietAfterMs, atMs + draw.int(3_000, 15_000));
  const deletedMs = stoppedMs + draw.int(10, 2_000);
  return [
    { atMs, happening: created },
    { atMs: stoppedMs, happening: { type: 'StopTask', at } },
    { atMs: deletedMs, happening: { type: 'Delete', kind: 'Task', at, options: {} } },
    { atMs: deletedMs + draw.int(10, 1_000), happening: created },
  ];
}

/** One Task with more of a life, and what becomes of it at the hands of people. */
function lived(draw: Draw, bornMs: number, created: Created, quietAfterMs: number): readonly Timed[] {
  if (draw.chance(0.15)) return [{ atMs: bornMs, happening: created }];
  const { at } = created;
  const given = created.spec as Fields;
  const cleanup = draw.chance(0.35) ? { cleanup: { ...(given.cleanup as Fields | undefined), ...cleanupOf(draw) } } : {};
  const spec: Fields = {
    ...given,
    ...(draw.chance(0.7) ? { retry: retryOf(draw) } : {}),
    ...(draw.chance(0.35) ? { pendingTimeouts: pendingTimeoutsOf(draw) } : {}),
    ...(typeof given.cleanup === 'string' ? {} : cleanup),
  };
  const isStartSlow = draw.chance(0.15);
  const lost = draw.chance(0.1) ? nodesLost(draw, bornMs) : [];
  const scripts = scriptsOf(draw, created.script, isStartSlow);
  const happenings: Timed[] = [{ atMs: bornMs, happening: { ...created, ...scripts, spec } }, ...lost];
  const add = (probability: number, mostMs: number, happening: () => Happening): void => {
    if (draw.chance(probability)) happenings.push({ atMs: Math.min(quietAfterMs, bornMs + draw.int(0, mostMs)), happening: happening() });
  };
  const pod = { namespace: at.namespace, name: `${at.name}-pod` };
  if (isStartSlow) add(0.8, 12_000, () => ({ type: 'EvictPod', at: pod }));
  for (const attempt of [2, 3]) {
    const next = { ...pod, name: `${pod.name}-${attempt}` };
    add(0.06, 60_000, () => ({ type: 'EvictPod', at: next }));
    add(0.06, 60_000, () => ({ type: 'Delete', kind: 'Pod', at: next, options: draw.pick([{}, { gracePeriodSeconds: 0 }]) }));
    add(0.03, 60_000, () => ({ type: 'ForeignPod', at: next }));
    add(0.03, 60_000, () => ({ type: 'StripPod', at: next, of: draw.pick(['finalizer', 'label'] as const) }));
    add(0.04, 60_000, () => ({ type: 'ForeignLog', at, attempt }));
  }
  add(0.04, 10_000, () => ({ type: 'ForeignLog', at, attempt: 1 }));
  add(0.12, 60_000, () => ({ type: 'StopTask', at }));
  add(0.1, 60_000, () => ({
    type: 'PatchTask',
    at,
    spec: draw.pick<Fields>([
      { retry: { limit: 0 } },
      { retry: { limit: 3 } },
      { retry: null },
      { cleanup: null },
      { suspend: true },
      { suspend: false },
    ]),
  }));
  for (let asks = draw.weighted([[4, 0], [2, 1], [2, 2]]); asks > 0; asks--) add(1, 200_000, () => ({ type: 'RetryTask', at, ...wishOf(draw) })); // biome-ignore format: a table
  return happenings;
}

/** All nodes at once: wherever the Pod is, it is given up, long before its node is back and tells what became of it. */
function nodesLost(draw: Draw, bornMs: number): readonly Timed[] {
  const lostMs = bornMs + draw.int(500, 20_000);
  const taintedMs = lostMs + draw.int(500, 10_000);
  const backMs = taintedMs + draw.int(60, 400) * 1_000;
  return NODES.flatMap(({ name: node }) => [
    { atMs: lostMs, happening: { type: 'NodeLost', node } },
    { atMs: taintedMs, happening: { type: 'NodeTainted', node } },
    { atMs: backMs, happening: { type: 'NodeBack', node } },
  ]);
}

function wishOf(draw: Draw): Pick<Extract<Happening, { type: 'RetryTask' }>, 'attempt' | 'isFreed'> {
  const attempt = draw.weighted([[6, 'Next'], [1, '1'], [1, '7'], [1, 'soon']] as const); // biome-ignore format: a table
  return { attempt, ...(draw.chance(0.6) ? { isFreed: true as const } : {}) };
}

const CAUSES = ['Application', 'OutOfMemory', 'Evicted', 'Preempted', 'NodeLost', 'PodDeleted', 'Image', 'Configuration', 'Unschedulable', 'InitContainer', 'Timeout'] as const; // biome-ignore format: a list

function retryOf(draw: Draw): Fields {
  const causes = Object.fromEntries(
    Array.from({ length: draw.weighted([[3, 0], [2, 1], [1, 2]]) }, () => [draw.pick(CAUSES), draw.int(0, 2)]), // biome-ignore format: a table
  );
  return {
    ...(draw.chance(0.85) ? { limit: draw.int(0, 3) } : {}),
    backoff: { initial: `${draw.int(0, 6)}s`, factor: draw.int(1, 2), max: '10s' },
    ...(Object.keys(causes).length === 0 ? {} : { causes }),
  };
}

function pendingTimeoutsOf(draw: Draw): Fields {
  const fields = ['unschedulable', 'imagePull', 'configuration'] as const;
  return Object.fromEntries(fields.filter(() => draw.chance(0.7)).map((field) => [field, `${draw.int(1, 40)}s`]));
}

function cleanupOf(draw: Draw): Fields {
  const outcomes = ['Completed', 'Failed', 'Stopped'] as const;
  const ttl = Object.fromEntries(
    outcomes.filter(() => draw.chance(0.15)).map((outcome) => [`ttlSecondsAfter${outcome}`, draw.int(0, 60)] as const),
  );
  const pod = Object.fromEntries(
    outcomes.filter(() => draw.chance(0.6)).map((outcome) => [outcome.toLowerCase(), draw.pick(['Keep', 'Delete', 'Delete'])]),
  );
  return { ...ttl, pod: { ...pod, ...(draw.chance(0.4) ? { delaySeconds: draw.int(0, 40) } : {}) } };
}

/** Ends after which another attempt may follow; a Pod that its node rejects never starts its agent. */
const FAILING: readonly Outcome[] = [
  'fail',
  'out-of-memory',
  'evicted',
  'preempted',
  'node-shutdown',
  'rejected',
  'image-pull',
  'config-error',
];

/** The first fails, and so may the next, or all; or all go as they would. */
function scriptsOf(draw: Draw, script: Partial<PodScript>, isStartSlow: boolean): Pick<Created, 'script' | 'later'> {
  const { container: _, ...usual } = script;
  const slow = isStartSlow ? { startDelayMs: draw.int(8_000, 20_000) } : {};
  const failing = (): Partial<PodScript> => ({ ...usual, outcome: draw.pick(FAILING), runForMs: draw.int(0, 8_000) });
  const fine: Partial<PodScript> = { ...usual, outcome: 'succeed', runForMs: draw.int(0, 8_000) };
  switch (
    draw.weighted([[3, 'Heals'], [2, 'Fails'], [1, 'Rejected'], [1, 'Pulls'], [3, 'Usual']] as const) // biome-ignore format: a table
  ) {
    case 'Heals': {
      const failures = Array.from({ length: draw.int(1, 3) }, failing);
      return { script: { ...failures[0], ...slow }, later: [...failures.slice(1), fine] };
    }
    case 'Fails':
      return { script: { ...failing(), ...slow }, later: [failing(), failing()] };
    case 'Rejected':
      return { script: { ...usual, outcome: 'rejected' } };
    case 'Pulls':
      return { script: { ...fine, ...slow, pullForMs: draw.int(0, 5_000), pullFailures: draw.int(1, 3) } };
    case 'Usual':
      return { script: { ...script, ...slow }, later: draw.chance(0.5) ? [fine] : [script] };
  }
}

/** Of the cluster: what is kept of logs and for how long of Tasks, who lets no log in, and no node for a while. */
function settings(draw: Draw, quietAfterMs: number): readonly Timed[] {
  const happenings: Timed[] = [];
  const add = (probability: number, happening: () => Happening): void => {
    if (draw.chance(probability)) happenings.push({ atMs: draw.chance(0.4) ? 0 : draw.int(0, quietAfterMs), happening: happening() });
  };
  add(0.1, () => ({ type: 'ApplyConfig', spec: { evidence: draw.pick(['BestEffort', 'Finalizer']) } }));
  add(0.15, () => ({ type: 'ApplyConfig', spec: { logTailBytes: draw.pick([0, 8, 20, 4_096]) } }));
  add(0.15, () => ({
    type: 'ApplyConfig',
    spec: { cleanup: { [`maxRetained${draw.pick(['Completed', 'Failed', 'Stopped'])}Tasks`]: draw.int(0, 2) } },
  }));
  add(0.12, () => ({ type: 'ApplyConfig', spec: { cleanup: cleanupOf(draw) } }));
  add(0.1, () => ({ type: 'ApplyConfig', spec: { taskDefaults: { retry: retryOf(draw), pendingTimeouts: pendingTimeoutsOf(draw) } } }));
  if (draw.chance(0.1)) {
    const atMs = draw.int(0, quietAfterMs);
    happenings.push({ atMs, happening: { type: 'RefuseLogs', how: draw.pick(['Forbidden', 'Invalid'] as const) } });
    if (draw.chance(0.5)) happenings.push({ atMs: atMs + draw.int(1, 60) * 1_000, happening: { type: 'RefuseLogs', how: null } });
  }
  if (draw.chance(0.06)) {
    const atMs = draw.int(0, quietAfterMs);
    const backMs = atMs + draw.int(1, 60) * 1_000;
    for (const { name: node } of NODES) {
      happenings.push({ atMs, happening: { type: 'NodeLost', node } });
      happenings.push({ atMs: backMs, happening: { type: 'NodeBack', node } });
    }
  }
  return happenings;
}
