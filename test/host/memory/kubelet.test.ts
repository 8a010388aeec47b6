import { describe, expect, it } from 'vitest';
import type { Container, Pod, PodSpec } from '#core/api/kubernetes.ts';
import { evictByApi } from '#host/cluster/memory/disruption.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';

const ADDRESS = { kind: 'Pod', namespace: 'default', name: 'p' } as const;
const FINALIZER = 'example.com/held';
/** Scheduling, the kubelet's notice and its start: after this a Pod without init containers runs. */
const UNTIL_RUNNING_MS = 1_200;

interface Setup {
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Partial<PodSpec>;
  readonly isHeld?: boolean;
}

function worldWithPod({ labels = {}, spec = {}, isHeld = true }: Setup = {}): World {
  const world = createWorld({ freeze: true });
  const simulated = Object.fromEntries(Object.entries(labels).map(([key, value]) => [`sim.kubeopencode.io/${key}`, value]));
  const metadata = { name: 'p', namespace: 'default', labels: simulated, ...(isHeld ? { finalizers: [FINALIZER] } : {}) };
  const containers: Container[] = [{ name: 'agent', image: 'example.com/agent:1' }];
  world.server.create({ apiVersion: 'v1', kind: 'Pod', metadata, ...{ spec: { restartPolicy: 'Never', containers, ...spec } } });
  return world;
}

function podOf({ server }: World): Pod | undefined {
  return server.find(ADDRESS) as unknown as Pod | undefined;
}

function condition(world: World, type: string): string | undefined {
  const found = podOf(world)?.status?.conditions?.find((each) => each.type === type);
  return found === undefined ? undefined : [found.status, ...(found.reason === undefined ? [] : [found.reason])].join('/');
}

function stateOf(world: World, name = 'agent'): string {
  const { status } = podOf(world) ?? {};
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const { waiting, running, terminated } = all.find((each) => each.name === name)?.state ?? {};
  if (terminated !== undefined) return `terminated ${terminated.exitCode} ${terminated.reason}`;
  return running === undefined ? `waiting ${waiting?.reason}` : 'running';
}

/** Phases that watches saw, each once. */
function phases(world: World): string[] {
  const seen: string[] = [];
  world.server.store.listen('Pod', ({ object }) => {
    const phase = String(object.status?.phase);
    if (seen.at(-1) !== phase) seen.push(phase);
  });
  return seen;
}

describe('a Pod by its labels', () => {
  const ends = [
    { outcome: 'succeed', phase: 'Succeeded', state: 'terminated 0 Completed', reason: undefined, disrupted: undefined },
    { outcome: 'fail', phase: 'Failed', state: 'terminated 1 Error', reason: undefined, disrupted: undefined },
    { outcome: 'out-of-memory', phase: 'Failed', state: 'terminated 137 OOMKilled', reason: undefined, disrupted: undefined },
    { outcome: 'evicted', phase: 'Failed', state: 'terminated 137 Error', reason: 'Evicted', disrupted: 'True/TerminationByKubelet' },
    { outcome: 'preempted', phase: 'Failed', state: 'terminated 143 Error', reason: undefined, disrupted: 'True/PreemptionByScheduler' },
  ] as const;
  it.each(ends)('$outcome', async ({ outcome, phase, state, reason, disrupted }) => {
    const world = worldWithPod({ labels: { outcome, 'run-for': '2s' } });
    const seen = phases(world);
    await world.clock.advance(UNTIL_RUNNING_MS + 1_999);
    expect(podOf(world)?.status?.phase).toBe('Running');
    await world.clock.advance(1_000);
    expect(seen).toEqual(['Pending', 'Running', phase]);
    expect(podOf(world)?.status?.reason).toBe(reason);
    expect(stateOf(world)).toBe(state);
    expect(condition(world, 'DisruptionTarget')).toBe(disrupted);
    expect(condition(world, 'Ready')).toBe(phase === 'Succeeded' ? 'False/PodCompleted' : 'False/PodFailed');
    expect(podOf(world)?.metadata.deletionTimestamp !== undefined).toBe(outcome === 'preempted');
  });

  it('exit-code and start-delay', async () => {
    const world = worldWithPod({ labels: { outcome: 'fail', 'exit-code': '42', 'start-delay': '10s', 'run-for': '1m' } });
    await world.clock.advance(UNTIL_RUNNING_MS + 9_999);
    expect(stateOf(world)).toBe('waiting ContainerCreating');
    await world.clock.advance(1);
    expect(stateOf(world)).toBe('running');
    await world.clock.advance(60_000);
    expect(stateOf(world)).toBe('terminated 42 Error');
  });

  it('image-pull: ErrImagePull, then ImagePullBackOff for ever', async () => {
    const world = worldWithPod({ labels: { outcome: 'image-pull' } });
    await world.clock.advance(UNTIL_RUNNING_MS);
    expect(stateOf(world)).toBe('waiting ErrImagePull');
    await world.clock.advance(3_600_000);
    expect(stateOf(world)).toBe('waiting ImagePullBackOff');
    expect(podOf(world)?.status?.phase).toBe('Pending');
  });

  it('unschedulable: no node, and a condition that says so', async () => {
    const world = worldWithPod({ labels: { outcome: 'unschedulable' } });
    await world.clock.advance(3_600_000);
    expect(podOf(world)?.spec.nodeName).toBeUndefined();
    expect(condition(world, 'PodScheduled')).toBe('False/Unschedulable');
  });

  it('never: runs until it is ended', async () => {
    const world = worldWithPod({ labels: { outcome: 'never' } });
    await world.clock.advance(24 * 3_600_000);
    expect(stateOf(world)).toBe('running');
  });
});

describe('deletion', () => {
  it('removes a Pod that nothing holds as soon as its container has ended', async () => {
    const world = worldWithPod({ labels: { outcome: 'never', 'stop-after': '4s' }, isHeld: false });
    await world.clock.advance(UNTIL_RUNNING_MS);
    world.server.delete(ADDRESS, {});
    await world.clock.advance(4_000);
    expect(stateOf(world)).toBe('running');
    await world.clock.advance(200);
    expect(podOf(world)).toBeUndefined();
  });

  it('kills a container that ignores SIGTERM when the grace period is over; a shorter one brings that nearer', async () => {
    for (const [shortenTo, endsWithinMs] of [[undefined, 30_100] as const, [5, 5_300] as const]) {
      const world = worldWithPod({ labels: { outcome: 'never', 'stop-after': '1h' } });
      await world.clock.advance(UNTIL_RUNNING_MS);
      world.server.delete(ADDRESS, {});
      await world.clock.advance(200);
      if (shortenTo !== undefined) world.server.delete(ADDRESS, { gracePeriodSeconds: shortenTo });
      await world.clock.advance(endsWithinMs - 1_000);
      expect(stateOf(world)).toBe('running');
      await world.clock.advance(1_000);
      expect(stateOf(world)).toBe('terminated 137 Error');
      expect(podOf(world)?.metadata.deletionGracePeriodSeconds).toBe(0);
    }
  });

  it('with a clean handler ends as Succeeded, and the logs are gone with the container, though a finalizer holds the Pod', async () => {
    const world = worldWithPod({ labels: { outcome: 'never', 'stop-after': '2s', 'stop-exit-code': '0' } });
    const logs = async (): Promise<unknown> => world.client('test').logs(ADDRESS, { container: 'agent' });
    await world.clock.advance(UNTIL_RUNNING_MS);
    expect(await logs()).toEqual({ ok: true, value: 'agent: started\n' });
    world.server.delete(ADDRESS, {});
    await world.clock.advance(1_000);
    expect(await logs()).toEqual({ ok: true, value: 'agent: started\n' });
    await world.clock.advance(2_000);
    expect(podOf(world)?.status?.phase).toBe('Succeeded');
    expect(await logs()).toMatchObject({ ok: true, value: expect.stringMatching(/^unable to retrieve container logs for containerd:/) });
    world.server.patch(ADDRESS, { metadata: { finalizers: null } }, { patchType: 'merge' });
    expect(podOf(world)).toBeUndefined();
  });

  it('before the container started ends as Failed, with a container that could not be located', async () => {
    const world = worldWithPod();
    await world.clock.advance(500);
    expect(stateOf(world)).toBe('waiting ContainerCreating');
    world.server.delete(ADDRESS, {});
    await world.clock.advance(200);
    expect(podOf(world)?.status?.phase).toBe('Failed');
    expect(stateOf(world)).toBe('terminated 137 ContainerStatusUnknown');
  });

  it('by force kills at once', async () => {
    const world = worldWithPod({ labels: { outcome: 'never', 'stop-after': '1h' } });
    await world.clock.advance(UNTIL_RUNNING_MS);
    world.server.delete(ADDRESS, { gracePeriodSeconds: 0 });
    await world.clock.advance(200);
    expect(stateOf(world)).toBe('terminated 137 Error');
  });

  it('of a Pod that has ended changes nothing of its end', async () => {
    const world = worldWithPod({ labels: { 'run-for': '1s' } });
    await world.clock.advance(10_000);
    world.server.delete(ADDRESS, {});
    await world.clock.advance(60_000);
    expect(podOf(world)?.status?.phase).toBe('Succeeded');
    expect(podOf(world)?.metadata.deletionGracePeriodSeconds).toBe(0);
  });

  it('through the Eviction API leaves its condition', async () => {
    const world = worldWithPod({ labels: { outcome: 'never' } });
    await world.clock.advance(UNTIL_RUNNING_MS);
    evictByApi(world.server, ADDRESS);
    await world.clock.advance(1_000);
    expect(condition(world, 'DisruptionTarget')).toBe('True/EvictionByEvictionAPI');
    expect(podOf(world)?.status).toMatchObject({ phase: 'Failed' });
  });
});

describe('activeDeadlineSeconds', () => {
  it('ends a running Pod with its grace period: phase Running until the container has ended, its own exit code, logs kept', async () => {
    const world = worldWithPod({ labels: { outcome: 'never', 'stop-after': '3s', 'stop-exit-code': '7' } });
    await world.clock.advance(5_000);
    world.server.patch(ADDRESS, { spec: { activeDeadlineSeconds: 1 } }, { patchType: 'strategic' });
    await world.clock.advance(1_000);
    expect(podOf(world)?.status?.phase).toBe('Running');
    expect(condition(world, 'Ready')).toBe('False/PodFailed');
    await world.clock.advance(3_000);
    expect(podOf(world)?.status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
    expect(stateOf(world)).toBe('terminated 7 Error');
    expect(await world.client('test').logs(ADDRESS, { container: 'agent' })).toMatchObject({
      ok: true,
      value: expect.stringContaining('exit code 7'),
    });
  });

  it('counts from the Pod’s acceptance by its node, and ends one whose image never comes', async () => {
    const world = worldWithPod({ labels: { outcome: 'image-pull' }, spec: { activeDeadlineSeconds: 20 } });
    await world.clock.advance(20_100);
    expect(podOf(world)?.status?.phase).toBe('Pending');
    await world.clock.advance(200);
    expect(podOf(world)?.status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
  });

  it('claims also an end that the container came to by itself just before the kubelet acted', async () => {
    const world = worldWithPod({ labels: { 'run-for': '5s' } });
    await world.clock.advance(UNTIL_RUNNING_MS + 4_950);
    world.server.patch(ADDRESS, { spec: { activeDeadlineSeconds: 1 } }, { patchType: 'strategic' });
    await world.clock.advance(1_000);
    expect(podOf(world)?.status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
    expect(stateOf(world)).toBe('terminated 0 Completed');
  });
});

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

  it('a native sidecar starts before the agent and ends after it', async () => {
    const sidecar: Container = { name: 'proxy', image, restartPolicy: 'Always' };
    const world = worldWithPod({ labels: { outcome: 'fail', 'run-for': '2s' }, spec: { initContainers: [sidecar] } });
    await world.clock.advance(UNTIL_RUNNING_MS);
    expect([stateOf(world, 'proxy'), stateOf(world)]).toEqual(['running', 'running']);
    await world.clock.advance(2_000);
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

describe('nodes', () => {
  it('a full node makes a Pod wait until a place is free', async () => {
    const world = createWorld({ nodes: [{ name: 'small', pods: 1 }] });
    for (const name of ['first', 'second']) {
      const spec = { containers: [{ name: 'agent', image: 'example.com/agent:1' }] };
      world.server.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, ...{ spec } });
    }
    const second = (): Pod => world.server.find({ ...ADDRESS, name: 'second' }) as unknown as Pod;
    await world.clock.advance(1_000);
    expect(second().status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }]);
    await world.clock.advance(10_000);
    expect(second().spec.nodeName).toBe('small');
    expect(second().status?.phase).toBe('Succeeded');
  });
});

describe('a Pod that was loaded from a live cluster', () => {
  it('goes on where it was, and ends when its time is over', async () => {
    const before = worldWithPod({ labels: { 'run-for': '60s' } });
    await before.clock.advance(20_000);
    const live = before.server.find(ADDRESS);
    if (live === undefined) throw new Error('expected the Pod');
    const world = createWorld({ stored: [live], startMs: before.clock.now() });
    expect(world.server.find(ADDRESS)?.metadata.uid).toBe(live.metadata.uid);
    await world.clock.advance(UNTIL_RUNNING_MS + 39_000);
    expect(stateOf(world)).toBe('running');
    await world.clock.advance(3_000);
    expect(stateOf(world)).toBe('terminated 0 Completed');
    expect(podOf(world)?.status?.startTime).toBe((live as unknown as Pod).status?.startTime);
  });
});
