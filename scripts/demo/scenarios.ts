import type { DemoScenario } from './scenario.ts';
import { crash } from './scenarios/crash.ts';
import { drain } from './scenarios/drain.ts';
import { nodeLost } from './scenarios/node-lost.ts';
import { queue } from './scenarios/queue.ts';
import { quota } from './scenarios/quota.ts';
import { stop } from './scenarios/stop.ts';
import { tour } from './scenarios/tour.ts';

/** All stories of the demo; the first is told to whoever names none. */
export const SCENARIOS: readonly [DemoScenario, ...DemoScenario[]] = [tour, queue, stop, drain, quota, crash, nodeLost];

/** A line a story. */
export function scenarioList(): string {
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length));
  return SCENARIOS.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}\n`).join('');
}
