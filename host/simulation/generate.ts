import { Draw } from './draw.ts';
import { type Place, referencesAgain, referencesOf } from './generate-agents.ts';
import { withLife } from './generate-life.ts';
import { lifeOf } from './generate-tasks.ts';
import { FAULTS, type FaultName, type FaultRates, type Fields, NODES, type Scenario, type Share, type Timed } from './scenario.ts';
import { clockJump, nonsenseForConfig, sharesOf, upheavals } from './strange.ts';

/** Draws a whole scenario from a seed. Each seed has only some of the faults, so that rare combinations get their turn undisturbed by all others. */
export function scenarioOf(seed: number): Scenario {
  const draw = new Draw(seed);
  const quietAfterMs = draw.int(20, 200) * 1_000;
  const places = Array.from({ length: draw.weighted([[3, 1], [1, 2]]) }, (_, index) => placeOf(draw, `team-${'ab'[index]}`)); // biome-ignore format: a table
  // Small histories show most mistakes, and many of them cost what one of the large ones does.
  const taskCount = draw.weighted([[26, 1], [10, 2], [4, draw.int(3, 5)], [1, draw.int(6, 12)]]); // biome-ignore format: a table
  const shares = sharesOf(draw);
  const isUndated = draw.chance(0.08);
  const happenings = [
    ...places.flatMap((place) => referencesOf(draw, place, quietAfterMs)),
    ...settings(draw, quietAfterMs),
    ...Array.from({ length: taskCount }, (_, index) => lifeOf(draw, draw.pick(places), `t${index}`, quietAfterMs, shares)).flat(),
    ...disturbances(draw, quietAfterMs, shares, isUndated),
    ...upheavals(draw, quietAfterMs, (namespace, atMs) =>
      places.filter((place) => place.namespace === namespace).flatMap((place) => referencesAgain(draw, place, atMs)),
    ),
  ];
  return withLife({
    seed,
    quietAfterMs,
    rates: ratesOf(draw),
    happenings: sorted(happenings),
    ...(shares === undefined ? {} : { shares }),
    ...(draw.chance(0.2) ? { hasSchemas: true } : {}),
    ...(isUndated ? { isUndated } : {}),
    ...(draw.chance(0.25) ? { pageSize: draw.int(1, 3) } : {}),
  });
}

/** By time; what is drawn first goes first. */
export function sorted(happenings: readonly Timed[]): readonly Timed[] {
  return [...happenings].sort((a, b) => a.atMs - b.atMs);
}

function placeOf(draw: Draw, namespace: string): Place {
  return { namespace, agents: ['coder', 'writer'].slice(0, draw.int(1, 2)), templates: ['base', 'big'].slice(0, draw.int(1, 2)) };
}

/** How often each fault strikes at most. */
export const MOST: FaultRates = {
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
  log: 0,
};
/** How likely a seed has a fault at all. */
const SHARE: Partial<Record<FaultName, number>> = { watchDrop: 0.06, watchStall: 0.2, session: 0.7 };

function ratesOf(draw: Draw): FaultRates {
  // Those of a Task's whole life are drawn with it.
  const entries = FAULTS.filter((name) => name !== 'log').map(
    (name) => [name, draw.chance(SHARE[name] ?? 0.35) ? MOST[name] * draw.unit() : 0] as const,
  );
  return { ...(Object.fromEntries(entries) as unknown as FaultRates), log: 0 };
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

/** What befalls hosts, nodes and the API server. */
export function disturbances(draw: Draw, quietAfterMs: number, shares: readonly Share[] | undefined, isUndated = false): readonly Timed[] {
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
  // A host that no answer tells the time goes by its own clock. One that is ahead would give up too soon what another clock says: nothing is promised for it.
  const jump = (): number => (isUndated ? -Math.abs(clockJump(draw)) : clockJump(draw));
  some(isUndated ? 1 : 0.2, 3, () => [{ atMs: draw.chance(0.3) ? 0 : atMs(), happening: { type: 'JumpClock', byMs: jump(), ...who() } }]);
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
