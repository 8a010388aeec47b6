import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { AgentPodSpec } from '#core/api/pod-spec.ts';
import type { Task } from '#core/api/task.ts';
import type { WhyAdvice } from '#plugin/contract/why-changes.ts';
import { NAMESPACE } from '#test/support/builders.ts';
import { carryOut } from './mini-kubectl.ts';
import { play } from './play.ts';
import { aConfig, anAgent, anAgentTask, aTask, aTemplate, outcome, patch, type Situation, type Step, sim } from './steps.ts';

const OOM = outcome('out-of-memory').podSpec;
const limited = (memory: string | number): { readonly podSpec: AgentPodSpec } => ({
  podSpec: { ...OOM, resources: { limits: { memory } } },
});
const ofTemplate = { templateRef: { name: 'coder' } };

async function advised(...steps: readonly Step[]): Promise<readonly WhyAdvice[]> {
  const { why, end } = await play({ about: 'fix-bug', steps });
  const { advice = [] } = await why();
  end();
  return advice;
}

describe('out of memory: the limit is raised where it is set', () => {
  test.each<[name: string, steps: readonly Step[], advice: string]>([
    [
      'in a template, by default',
      [aTemplate(outcome('out-of-memory')), aTask()],
      'AgentTemplate coder lets container agent use 8Gi of memory: spec.podSpec.resources.limits.memory (now 4Gi, the default)',
    ],
    [
      'in a template',
      [aTemplate(limited('1.5Gi')), aTask()],
      'AgentTemplate coder lets container agent use 3Gi of memory: spec.podSpec.resources.limits.memory (now 1.5Gi)',
    ],
    [
      'written as a number',
      [aTemplate(limited(1_000_000_000)), aTask()],
      'AgentTemplate coder lets container agent use 2000000000 of memory: spec.podSpec.resources.limits.memory (now 1000000000)',
    ],
    [
      'in an Agent',
      [anAgent(limited('512Mi')), anAgentTask()],
      'Agent coder lets container agent use 1024Mi of memory: spec.podSpec.resources.limits.memory (now 512Mi)',
    ],
    [
      'in an Agent, not in the template that it has',
      [aTemplate(limited('1Gi')), anAgent({ ...ofTemplate, ...limited('2Gi') }), anAgentTask()],
      'Agent coder lets container agent use 4Gi of memory: spec.podSpec.resources.limits.memory (now 2Gi)',
    ],
    // An Agent with a podSpec of its own would lose that of its template.
    [
      'in the template of an Agent',
      [aTemplate(limited('1Gi')), anAgent(ofTemplate), anAgentTask()],
      'AgentTemplate coder lets container agent use 2Gi of memory: spec.podSpec.resources.limits.memory (now 1Gi)',
    ],
  ])('%s', async (_name, steps, advice) =>
    expect(await advised(...steps)).toMatchObject([{ cause: 'OutOfMemory', reach: 'Agent', advice }]),
  );

  test.each<[name: string, situation: Omit<Situation, 'about'>]>([
    ['once that has ended', { steps: [aTemplate(outcome('out-of-memory')), aTask()] }],
    [
      'before the next comes by itself',
      { steps: [aTemplate(limited('2Gi')), aTask({ spec: { retry: { limit: 1, backoff: { initial: '1m' } } } })] },
    ],
    [
      'with no place free for it',
      {
        steps: [
          anAgent({ ...limited('2Gi'), maxConcurrentTasks: 1 }),
          anAgentTask(),
          patch('Agent', 'coder', { spec: { podSpec: { labels: { 'sim.kubeopencode.io/outcome': 'never' } } } }),
          anAgentTask('other'),
        ],
      },
    ],
  ])('carried out %s, the next Pod is as it was told', async (_name, situation) => {
    const { world, why, end } = await play({ about: 'fix-bug', ...situation });
    const { advice: [advice] = [], again } = await why();
    const podOf = (name: string) => world.server.find({ kind: 'Pod', namespace: NAMESPACE, name }) as Pod | undefined;
    const before = podOf('fix-bug-pod')?.spec.containers[0]?.resources;
    expect(carryOut(world, advice?.command ?? '')).toBe(true);
    if (again !== undefined) expect(carryOut(world, again.command)).toBe(true);
    const held = world.server.find({ kind: 'Pod', namespace: NAMESPACE, name: 'other-pod' });
    if (held !== undefined) world.server.delete({ kind: 'Pod', namespace: NAMESPACE, name: 'other-pod' }, {});
    await world.clock.advance(120_000);
    end();
    const after = podOf('fix-bug-pod-2')?.spec.containers[0]?.resources;
    const [memory = ''] = /\d+Gi(?= of memory)/.exec(advice?.advice ?? '') ?? [];
    // The API server takes a limit without a request for both.
    const isBoth = advice?.leadsTo.includes('asks for as much') === true;
    expect(after).toEqual({ limits: { memory }, requests: { memory: isBoth ? memory : before?.requests?.memory } });
  });

  test.each<[name: string, steps: readonly Step[]]>([
    ['it was raised since', [aTemplate(limited('1Gi')), aTask(), patch('AgentTemplate', 'coder', { spec: limited('8Gi') })]],
    ['another container died of it', [aTemplate(sim({ outcome: 'out-of-memory', container: 'context-init' })), aTask()]],
    ['there is no limit', [aTemplate({ podSpec: { ...OOM, resources: { requests: { memory: '1Gi' } } } }), aTask()]],
    [
      'the template is gone',
      [
        aTemplate(limited('1Gi')),
        aTask(),
        (world) => void world.server.delete({ kind: 'AgentTemplate', namespace: NAMESPACE, name: 'coder' }, {}),
      ],
    ],
    ['it ended otherwise', [aTemplate(outcome('fail')), aTask()]],
  ])('not where %s', async (_name, steps) => expect(await advised(...steps)).toEqual([]));
});

describe('timed out: the Task may run longer', () => {
  const never = outcome('never');
  test.each<[name: string, steps: readonly Step[], advice: string]>([
    ['by its own timeout', [aTemplate(never), aTask({ spec: { timeout: '5s' } })], 'spec.timeout is 10s (now 5s)'],
    [
      'by the default of the cluster',
      [aConfig({ taskDefaults: { timeout: '4500ms' } }), aTemplate(never), aTask()],
      'spec.timeout is 9s (now 4.5s, by default)',
    ],
  ])('%s', async (_name, steps, advice) => expect(await advised(...steps)).toMatchObject([{ cause: 'Timeout', reach: 'Task', advice }]));

  test('carried out, it does', async () => {
    const { world, why, end } = await play({ about: 'fix-bug', steps: [aTemplate(never), aTask({ spec: { timeout: '5s' } })] });
    const { advice: [advice] = [], again } = await why();
    for (const command of [advice?.command, again?.command]) expect(carryOut(world, command ?? '')).toBe(true);
    await world.clock.advance(8_000);
    const phase = (): string | undefined =>
      (world.server.find({ kind: 'Task', namespace: NAMESPACE, name: 'fix-bug' }) as Task).status?.phase;
    expect(phase()).toBe('Running');
    await world.clock.advance(8_000);
    expect(phase()).toBe('Completed');
    end();
  });

  test('not where its timeout is none any more', async () =>
    expect(
      await advised(aTemplate(never), aTask({ spec: { timeout: '5s' } }), (world) => {
        const found = world.server.find({ kind: 'Task', namespace: NAMESPACE, name: 'fix-bug' }) as Task;
        const malformed = { ...found, kind: 'Task' as const, spec: { ...found.spec, timeout: '1 hour' } };
        world.server.load(malformed);
      }),
    ).toEqual([]));

  test('not where it may already', async () =>
    expect(
      await advised(aTemplate(never), aTask({ spec: { timeout: '5s' } }), patch('Task', 'fix-bug', { spec: { timeout: '1h' } })),
    ).toEqual([]));
});
