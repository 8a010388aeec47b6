import { describe, expect, it } from 'vitest';
import type { Agent } from '#core/api/agent.ts';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { hosts } from './support/host.ts';
import { openKube } from './support/kube.ts';
import { agent, conditionOf, create, isFinished, isRunning, ok, podAt, task, taskAt, template } from './support/objects.ts';
import { until, untilAll, untilFinished } from './support/watch.ts';

const kube = await openKube();
const namespace = await kube.namespace();
await hosts().start({ namespaces: [namespace] });

const createdMs = (task: Task): number => Date.parse(task.status?.times?.podCreated ?? '');

describe('an Agent with one place', () => {
  it('runs its Tasks one after the other, the highest priority first, and never two at a time', async () => {
    await create(kube.cluster, agent(namespace, 'single', { maxConcurrentTasks: 1 }, { 'run-for': '2s' }));
    const by = (priority: number) => ({ agentRef: { name: 'single' }, priority });
    await create(kube.cluster, task(namespace, 'first', by(0)));
    await until<Task>(kube.cluster, taskAt(namespace, 'first'), 'to run', isRunning);
    await create(kube.cluster, task(namespace, 'low', by(0)), task(namespace, 'middle', by(5)), task(namespace, 'high', by(10)));
    const queued = await until<Task>(kube.cluster, taskAt(namespace, 'low'), 'to be queued', ({ status }) => status?.phase === 'Queued');
    expect(conditionOf(queued, 'Queued')).toBe('True/AgentAtCapacity');

    let most = 0;
    const names = ['first', 'low', 'middle', 'high'];
    const all = await untilAll<Task>(
      kube.cluster,
      { kind: 'Task', namespace, fieldSelector: 'spec.agentRef.name=single' },
      'to be finished',
      (tasks) => {
        most = Math.max(most, tasks.filter(isRunning).length);
        return tasks.length === names.length && tasks.every(isFinished);
      },
    );
    expect(all.map(({ status }) => status?.phase)).toEqual(names.map(() => 'Completed'));
    expect(most).toBe(1);
    const order = [...all].sort((a, b) => createdMs(a) - createdMs(b)).map(({ metadata }) => metadata.name);
    expect(order).toEqual(['first', 'high', 'middle', 'low']);
  });

  it('wakes the next in under a second after the place is free', async () => {
    await create(kube.cluster, agent(namespace, 'waking', { maxConcurrentTasks: 1 }, { outcome: 'never', 'stop-exit-code': '0' }));
    await create(kube.cluster, task(namespace, 'holder', { agentRef: { name: 'waking' } }));
    await until<Task>(kube.cluster, taskAt(namespace, 'holder'), 'to run', isRunning);
    await create(kube.cluster, task(namespace, 'waiter', { agentRef: { name: 'waking' } }));
    await until<Task>(kube.cluster, taskAt(namespace, 'waiter'), 'to be queued', ({ status }) => status?.phase === 'Queued');

    const freed = untilFinished(kube.cluster, namespace, 'holder').then(() => performance.now());
    const woken = until<Pod>(kube.cluster, podAt(namespace, 'waiter-pod'), 'to exist', () => true).then(() => performance.now());
    await kube.kubectl(['-n', namespace, 'annotate', 'task', 'holder', 'kubeopencode.io/stop=true']);
    const tookMs = (await woken) - (await freed);
    expect(tookMs).toBeLessThan(1_000);
  });

  it('lets more in when its limit is raised', async () => {
    await create(kube.cluster, agent(namespace, 'raised', { maxConcurrentTasks: 1 }, { outcome: 'never' }));
    for (const name of ['raised-1', 'raised-2', 'raised-3'])
      await create(kube.cluster, task(namespace, name, { agentRef: { name: 'raised' } }));
    const scope = { kind: 'Task', namespace, fieldSelector: 'spec.agentRef.name=raised' } as const;
    const phases = (tasks: readonly Task[]): string =>
      tasks
        .map(({ status }) => status?.phase)
        .sort()
        .join();
    await untilAll<Task>(kube.cluster, scope, 'to be one running, two queued', (tasks) => phases(tasks) === 'Queued,Queued,Running');
    await kube.kubectl(['-n', namespace, 'patch', 'agent', 'raised', '--type=merge', '-p', '{"spec":{"maxConcurrentTasks":3}}']);
    await untilAll<Task>(kube.cluster, scope, 'to be all running', (tasks) => phases(tasks) === 'Running,Running,Running');
  });

  it('gives the place of a queued Task that is stopped to nobody, and of a deleted holder to the next', async () => {
    await create(kube.cluster, agent(namespace, 'handed', { maxConcurrentTasks: 1 }, { outcome: 'never' }));
    await create(kube.cluster, task(namespace, 'handed-1', { agentRef: { name: 'handed' } }));
    await until<Task>(kube.cluster, taskAt(namespace, 'handed-1'), 'to run', isRunning);
    await create(
      kube.cluster,
      task(namespace, 'handed-2', { agentRef: { name: 'handed' } }),
      task(namespace, 'handed-3', { agentRef: { name: 'handed' } }),
    );
    await until<Task>(kube.cluster, taskAt(namespace, 'handed-2'), 'to be queued', ({ status }) => status?.phase === 'Queued');
    await kube.kubectl(['-n', namespace, 'annotate', 'task', 'handed-2', 'kubeopencode.io/stop=true']);
    const stopped = await untilFinished(kube.cluster, namespace, 'handed-2');
    expect(stopped.status).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
    expect(stopped.status?.podName).toBeUndefined();
    await kube.kubectl(['-n', namespace, 'delete', 'task', 'handed-1', '--wait=false']);
    await until<Task>(kube.cluster, taskAt(namespace, 'handed-3'), 'to run', isRunning);
  });
});

describe('an Agent with a quota', () => {
  it('starts no more than that in its window, also when its template says so, and records the starts', async () => {
    const quota = { maxTaskStarts: 2, windowSeconds: 60 };
    const inherited = template(namespace, 'metered', { 'run-for': '0s' });
    const metered = { ...inherited, spec: { ...inherited.spec, quota } };
    await create(kube.cluster, metered);
    await create(kube.cluster, agent(namespace, 'metered', { templateRef: { name: 'metered' }, podSpec: {} }));
    for (const name of ['metered-1', 'metered-2', 'metered-3'])
      await create(kube.cluster, task(namespace, name, { agentRef: { name: 'metered' } }));
    const scope = { kind: 'Task', namespace, fieldSelector: 'spec.agentRef.name=metered' } as const;
    const phases = (tasks: readonly Task[]): string => tasks.map(({ status }) => status?.phase).join();
    const all = await untilAll<Task>(
      kube.cluster,
      scope,
      'to be two ended, one queued',
      (tasks) => phases(tasks) === 'Completed,Completed,Queued',
    );
    expect(all.map((seen) => conditionOf(seen, 'Queued'))).toEqual(['', '', 'True/QuotaExceeded']);
    const { status } = (await ok(kube.cluster.get({ kind: 'Agent', namespace, name: 'metered' }))) as Agent;
    expect(status?.taskStartHistory?.map(({ taskName }) => taskName)).toEqual(['metered-1', 'metered-2']);
  });
});
