import { expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { WhyChange } from '#plugin/why/model.ts';
import { NAMESPACE } from '#test/support/builders.ts';
import { carryOut } from './mini-kubectl.ts';
import { play } from './play.ts';
import { SITUATIONS } from './situations.ts';

/** Every change that is told to be enough for a start, with the command that makes it. */
const STARTING = await Promise.all(
  Object.entries(SITUATIONS).flatMap(([name, situation]) => (situation.alone === undefined ? [explain(name)] : [])),
).then((all) => all.flat());

async function explain(name: string): Promise<readonly (readonly [situation: string, change: string, told: WhyChange])[]> {
  const situation = SITUATIONS[name];
  if (situation === undefined) throw new Error(`expected situation ${name}`);
  const { why, end } = await play(situation);
  const { changes } = await why();
  end();
  return changes
    .filter(({ goesOn, command, leadsTo }) => goesOn && command !== undefined && leadsTo.startsWith('creates pod '))
    .map((told) => [name, told.change, told]);
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
  const task = world.server.find({ kind: 'Task', namespace: NAMESPACE, name: situation.about }) as Task | undefined;
  const pod = world.server.find({ kind: 'Pod', namespace: NAMESPACE, name: told.leadsTo.replace('creates pod ', '') }) as Pod | undefined;
  expect(pod?.metadata.ownerReferences?.[0]?.uid).toBe(task?.metadata.uid);
  expect(['Running', 'Completed']).toContain(task?.status?.phase);
});
