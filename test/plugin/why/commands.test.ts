import { expect, test } from 'vitest';
import type { Task } from '#core/api/task.ts';
import type { WhyChange } from '#plugin/contract/why-changes.ts';
import { NAMESPACE } from '#test/support/builders.ts';
import { carryOut } from './mini-kubectl.ts';
import { play } from './play.ts';
import { SITUATIONS } from './situations.ts';

/** Every change that is told to be enough for a start, and every attempt that may be asked for, with the command that makes it. */
const STARTING = await Promise.all(
  Object.entries(SITUATIONS).flatMap(([name, situation]) => (situation.alone === undefined ? [explain(name)] : [])),
).then((all) => all.flat());

async function explain(
  name: string,
): Promise<readonly (readonly [situation: string, change: string, told: Pick<WhyChange, 'command' | 'leadsTo'>])[]> {
  const situation = SITUATIONS[name];
  if (situation === undefined) throw new Error(`expected situation ${name}`);
  const { why, end } = await play(situation);
  const { changes, again } = await why();
  end();
  const enough = changes.filter(({ goesOn, command }) => goesOn && command !== undefined).map((told) => [name, told.change, told] as const);
  const retried = again === undefined ? [] : [[name, `attempt ${again.attempt} is asked for`, again] as const];
  return [...enough, ...retried].filter(([, , { leadsTo }]) => leadsTo.startsWith('creates pod '));
}

/** What only other kinds of objects than those of the memory cluster can do; tried on a real API server. */
const ELSEWHERE = ['create serviceaccount', 'patch resourcequota', 'label namespace', 'replace --force'];

const [here, elsewhere] = [
  STARTING.filter(([, , { command }]) => isHere(command)),
  STARTING.filter(([, , { command }]) => !isHere(command)),
];

function isHere(command = ''): boolean {
  return !ELSEWHERE.some((words) => command.includes(words));
}

test('most commands can be carried out here', () => {
  expect(here.length).toBeGreaterThanOrEqual(15);
  expect(elsewhere.length).toBeLessThanOrEqual(4);
});

/** Long enough for a retry after a refusal, and for a Pod that was asked to end. */
const PATIENCE_MS = 70_000;

test.each(here)('%s: %s; then the Task goes on as it was told', async (name, _change, told) => {
  const situation = SITUATIONS[name];
  if (situation === undefined) throw new Error(`expected situation ${name}`);
  const { world, end } = await play(situation);
  expect(carryOut(world, told.command ?? '')).toBe(true);
  await world.clock.advance(PATIENCE_MS);
  end();
  const {
    phase,
    podName,
    attempts = [],
  } = (world.server.find({ kind: 'Task', namespace: NAMESPACE, name: situation.about }) as Task).status ?? {};
  // An attempt that was asked for may end as the one before did, and its Pod be gone.
  expect([podName, ...attempts.map((attempt) => attempt.podName)]).toContain(told.leadsTo.replace('creates pod ', ''));
  expect(['Running', 'Completed', ...(told.command?.includes(' retry ') ? ['Failed'] : [])]).toContain(phase);
});
