import { describe, expect, it } from 'vitest';
import type { Container, PodSpec } from '#core/api/kubernetes.ts';
import { ADDRESS, condition, messageOf, podOf, stateOf, UNTIL_RUNNING_MS, worldWithPod } from './one-pod.ts';

describe('containers', () => {
  const image = 'example.com/tool:1';

  it('init containers run one after the other, then the agent', async () => {
    const world = worldWithPod({ spec: { initContainers: ['one', 'two'].map((name) => ({ name, image })) } });
    await world.clock.advance(UNTIL_RUNNING_MS);
    expect([stateOf(world, 'one'), stateOf(world, 'two'), stateOf(world)]).toEqual([
      'running',
      'waiting PodInitializing',
      'waiting PodInitializing',
    ]);
    expect(condition(world, 'Initialized')).toBe('False/ContainersNotInitialized');
    await world.clock.advance(500);
    expect([stateOf(world, 'one'), stateOf(world, 'two')]).toEqual(['terminated 0 Completed', 'running']);
    await world.clock.advance(500);
    expect([stateOf(world, 'two'), stateOf(world)]).toEqual(['terminated 0 Completed', 'running']);
    expect(condition(world, 'Initialized')).toBe('True');
    expect(condition(world, 'Ready')).toBe('True');
  });

  it('one of them can be whom the script speaks about: what it comes to, and that the agent never starts', async () => {
    const initContainers = ['one', 'two'].map((name) => ({ name, image }));
    const ends = [
      { labels: { outcome: 'fail', 'exit-code': '3' }, state: 'terminated 3 Error', phase: 'Failed' },
      { labels: { outcome: 'out-of-memory' }, state: 'terminated 137 OOMKilled', phase: 'Failed' },
      { labels: { outcome: 'image-pull' }, state: 'waiting ImagePullBackOff', phase: 'Pending' },
      { labels: { outcome: 'config-error' }, state: 'waiting CreateContainerConfigError', phase: 'Pending' },
      { labels: { outcome: 'never' }, state: 'running', phase: 'Pending' },
    ] as const;
    for (const { labels, state, phase } of ends) {
      const world = worldWithPod({ labels: { ...labels, container: 'two' }, spec: { initContainers } });
      await world.clock.advance(9_000);
      expect([stateOf(world, 'one'), stateOf(world, 'two'), stateOf(world), podOf(world)?.status?.phase]).toEqual([
        'terminated 0 Completed',
        state,
        'waiting PodInitializing',
        phase,
      ]);
      expect(condition(world, 'Initialized')).toBe('False/ContainersNotInitialized');
    }
    const well = worldWithPod({ labels: { container: 'two', 'run-for': '10s' }, spec: { initContainers } });
    await well.clock.advance(UNTIL_RUNNING_MS + 10_500);
    expect([stateOf(well, 'two'), stateOf(well)]).toEqual(['terminated 0 Completed', 'running']);
  });

  it('the agent’s image can’t be pulled: those beside it run, and the Pod is Pending', async () => {
    const containers = ['proxy', 'agent'].map((name) => ({ name, image }));
    const world = worldWithPod({ labels: { outcome: 'image-pull' }, spec: { containers } });
    await world.clock.advance(5_000);
    expect([stateOf(world), stateOf(world, 'proxy'), podOf(world)?.status?.phase]).toEqual([
      'waiting ImagePullBackOff',
      'running',
      'Pending',
    ]);
  });

  it('a native sidecar starts before the agent and ends after it', async () => {
    const sidecar: Container = { name: 'proxy', image, restartPolicy: 'Always' };
    const world = worldWithPod({ labels: { outcome: 'fail', 'run-for': '2s' }, spec: { initContainers: [sidecar] } });
    await world.clock.advance(UNTIL_RUNNING_MS);
    expect([stateOf(world, 'proxy'), stateOf(world)]).toEqual(['running', 'running']);
    await world.clock.advance(2_000);
    expect([stateOf(world, 'proxy'), stateOf(world), podOf(world)?.status?.phase]).toEqual(['running', 'terminated 1 Error', 'Running']);
    await world.clock.advance(100);
    expect([stateOf(world, 'proxy'), stateOf(world)]).toEqual(['terminated 0 Completed', 'terminated 1 Error']);
    expect(podOf(world)?.status?.phase).toBe('Failed');
  });

  it('an injected container keeps the Pod Running after the agent has ended, until somebody ends it', async () => {
    const containers = ['agent', 'proxy'].map((name) => ({ name, image }));
    const world = worldWithPod({ labels: { 'run-for': '2s' }, spec: { containers } });
    await world.clock.advance(60_000);
    expect([stateOf(world), stateOf(world, 'proxy'), podOf(world)?.status?.phase]).toEqual([
      'terminated 0 Completed',
      'running',
      'Running',
    ]);
    world.server.patch(ADDRESS, { spec: { activeDeadlineSeconds: 1 } }, { patchType: 'strategic' });
    await world.clock.advance(1_000);
    expect(podOf(world)?.status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
    expect(stateOf(world)).toBe('terminated 0 Completed');
  });

  it('a sidecar outlasts the agent also when the Pod is deleted, and all end by SIGKILL at the latest', async () => {
    const sidecar: Container = { name: 'proxy', image, restartPolicy: 'Always' };
    for (const [stopAfter, ends] of [
      ['2s', ['terminated 0 Completed', 'terminated 143 Error']] as const,
      ['1h', ['terminated 137 Error', 'terminated 137 Error']] as const,
    ]) {
      const world = worldWithPod({ labels: { outcome: 'never', 'stop-after': stopAfter }, spec: { initContainers: [sidecar] } });
      await world.clock.advance(UNTIL_RUNNING_MS);
      world.server.delete(ADDRESS, { gracePeriodSeconds: 5 });
      await world.clock.advance(2_000);
      expect([stateOf(world, 'proxy'), stateOf(world)]).toEqual(['running', 'running']);
      await world.clock.advance(4_000);
      expect([stateOf(world, 'proxy'), stateOf(world)]).toEqual(ends);
    }
  });

  it('are started again as restartPolicy says: at once, then later and later', async () => {
    const world = worldWithPod({ labels: { outcome: 'fail', 'run-for': '1s' }, spec: { restartPolicy: 'OnFailure' } });
    await world.clock.advance(UNTIL_RUNNING_MS + 1_200);
    expect(podOf(world)?.status?.containerStatuses).toMatchObject([
      { restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 1 } } },
    ]);
    await world.clock.advance(1_100);
    expect([stateOf(world), podOf(world)?.status?.phase]).toEqual(['waiting CrashLoopBackOff', 'Running']);
    expect(messageOf(world)).toMatch(/^back-off 10s restarting failed container=agent pod=p_default\(/);
    expect(await world.client('test').logs(ADDRESS, { container: 'agent' })).toMatchObject({
      value: expect.stringContaining('exit code 1'),
    });
    await world.clock.advance(10_000);
    expect(podOf(world)?.status?.containerStatuses).toMatchObject([{ restartCount: 2 }]);
    world.server.delete(ADDRESS, {});
    await world.clock.advance(200);
    expect([podOf(world)?.status?.phase, stateOf(world)]).toEqual(['Failed', 'terminated 143 Error']);
    const good = worldWithPod({ labels: { 'run-for': '1s' }, spec: { restartPolicy: 'OnFailure' } });
    await good.clock.advance(UNTIL_RUNNING_MS + 1_000);
    expect(podOf(good)?.status?.phase).toBe('Succeeded');
  });

  it('leave a termination message: its last 4,096 bytes, and of those no more than an even share of 12 KiB a Pod', async () => {
    const messageOfPod = async (
      annotations: Readonly<Record<string, string>>,
      spec: Partial<PodSpec> = {},
    ): Promise<string | undefined> => {
      const world = worldWithPod({ labels: { outcome: 'fail' }, annotations, spec });
      await world.clock.advance(10_000);
      return podOf(world)?.status?.containerStatuses?.[0]?.state?.terminated?.message;
    };
    expect(await messageOfPod({ message: '{"changed":2}' })).toBe('{"changed":2}');
    expect(await messageOfPod({ message: `a${'b'.repeat(4_096)}` })).toBe('b'.repeat(4_096));
    const initContainers = ['one', 'two', 'three'].map((name) => ({ name, image }));
    expect(await messageOfPod({ message: `a${'b'.repeat(4_096)}` }, { initContainers })).toBe('b'.repeat(3_072));
    const fallback = { name: 'agent', image, terminationMessagePolicy: 'FallbackToLogsOnError' };
    expect(await messageOfPod({ log: 'first\nlast\n' }, { containers: [fallback] })).toBe('first\nlast\n');
    expect(await messageOfPod({ log: 'first\nlast\n' })).toBeUndefined();
  });

  it('logs: refused for an unknown container and for one that waits; none without a node', async () => {
    const world = worldWithPod();
    const log = (container: string): Promise<unknown> => world.client('test').logs(ADDRESS, { container });
    expect(await log('agent')).toEqual({ ok: true, value: '' });
    await world.clock.advance(500);
    expect(await log('agent')).toMatchObject({
      error: { code: 400, message: 'container "agent" in pod "p" is waiting to start: ContainerCreating' },
    });
    expect(await log('other')).toMatchObject({ error: { code: 400, message: 'container other is not valid for pod p' } });
  });
});
