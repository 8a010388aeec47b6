import type { Task } from '#core/api/task.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import type { Engine } from '#host/engine/engine.ts';
import type { Paint } from '#plugin/io.ts';
import { ROOT } from '../build/paths.ts';
import { wrapped } from '../text/wrapped.ts';
import { faultsOf, leftBehind } from './faults.ts';
import { Hosts } from './hosts.ts';
import { NAMESPACE, readManifests } from './manifests.ts';
import { type Pace, pacedRun, type Wait } from './pace.ts';
import type { DemoScenario } from './scenario.ts';
import { Screen } from './screen.ts';
import { Stage } from './stage.ts';
import { summaryLines, summaryTable, taskEnds } from './summary.ts';
import { Tally } from './tally.ts';
import { followWorld, standingText } from './timeline.ts';

/** All is over long before; a Task that is not done by then never will be. */
const HORIZON_MS = 60 * 60_000;
/** For what is still done after the last Task has ended, such as the release of its Pod. */
const SETTLE_MS = 3_000;

export interface DemoOptions {
  readonly engine: Engine;
  /** Where the timeline and the summary go. */
  readonly write: (text: string) => void;
  readonly paint: Paint;
  /** Columns of the terminal; undefined: it goes to none. */
  readonly columns: number | undefined;
  readonly pace: Pace;
  /** Real waiting between the steps. */
  readonly wait: Wait;
}

/** Runs a story through the real host and its core on a cluster in memory, telling what happens. Resolves to what did not come out as it should: empty when all did. */
export async function runDemo(
  scenario: DemoScenario,
  { engine, write, paint, columns, pace, wait }: DemoOptions,
): Promise<readonly string[]> {
  const world = createWorld({ nodes: scenario.nodes.map((name) => ({ name, pods: 10 })) });
  const { clock } = world;
  const beginMs = clock.now();
  const seconds = (): number => (clock.now() - beginMs) / 1_000;
  const screen = new Screen({ write, paint, columns, seconds, nameWidth: nameWidth(scenario) });
  screen.text(headText(scenario, paint, columns));
  const tally = new Tally(world);
  followWorld(world, screen.tell, scenario.detail);
  const hosts = new Hosts({ world, engine, count: scenario.hosts, tell: screen.tell });
  const stage = new Stage(world, hosts, screen.tell);
  stage.play(scenario.happenings);
  const isOver = (): boolean => stage.isDone && taskEnds(world).every(({ end }) => end !== 'unfinished') && leftBehind(world).length === 0;
  const run = {
    pace,
    wait,
    seen: () => screen.count,
    onPause: () => screen.stand(`${`${seconds().toFixed(1)}s`.padStart(8)}  ${standingText(tasksOf(world))}`),
  };
  await pacedRun(clock, { ...run, isOver, endMs: beginMs + HORIZON_MS });
  await pacedRun(clock, { ...run, isOver: () => false, endMs: clock.now() + SETTLE_MS });
  screen.stand('');
  await hosts.end();
  const ends = taskEnds(world);
  const faults = [...faultsOf(ends, tally, scenario.expects), ...leftBehind(world)];
  screen.text(`\n${summaryTable(ends, paint)}\n${summaryLines(ends, hosts.written)}${verdictText(faults, paint)}`);
  return faults;
}

function headText({ name, title, look }: DemoScenario, paint: Paint, columns: number | undefined): string {
  const lines = look.flatMap((sentence) => wrapped(`  ${sentence}`, columns, 2));
  return `${wrapped(`${name}: ${title}`, columns, 2)
    .map((line) => paint('bold', line))
    .join('\n')}\n${lines.map((line) => `${paint('dim', line)}\n`).join('')}\n`;
}

function verdictText(faults: readonly string[], paint: Paint): string {
  if (faults.length > 0) return faults.map((fault) => `${paint('red', `✖ ${fault}`)}\n`).join('');
  return `${paint('green', '✔ Every Task ended as it should, none had two Pods at once, nothing is left.')}\n`;
}

/** Columns of the longest name that the timeline tells of. */
function nameWidth({ happenings, nodes }: DemoScenario): number {
  const objects = happenings.flatMap(({ happening }) => {
    if (happening.type === 'Apply') return happening.objects;
    return happening.type === 'ApplyFolder' ? readManifests(`${ROOT}${happening.folder}`, NAMESPACE) : [];
  });
  const names = objects.flatMap(({ kind, metadata }) => (kind === 'Task' ? [metadata.name] : []));
  return Math.max(...[...names, ...nodes].map(({ length }) => length));
}

function tasksOf({ server }: World): readonly Task[] {
  return server.store.sorted('Task').map((object) => object as typeof object & Task);
}
