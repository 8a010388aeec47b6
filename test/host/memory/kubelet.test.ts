import { describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import { evictByApi } from '#host/cluster/memory/disruption.ts';
import { createWorld } from '#host/cluster/memory/world.ts';
import { ADDRESS, condition, messageOf, phases, podOf, stateOf, UNTIL_RUNNING_MS, worldWithPod } from './one-pod.ts';

describe('a Pod by its labels', () => {
  const ends = [
    { outcome: 'succeed', phase: 'Succeeded', state: 'terminated 0 Completed', reason: undefined, disrupted: undefined },
    { outcome: 'fail', phase: 'Failed', state: 'terminated 1 Error', reason: undefined, disrupted: undefined },
    { outcome: 'out-of-memory', phase: 'Failed', state: 'terminated 137 OOMKilled', reason: undefined, disrupted: undefined },
    { outcome: 'evicted', phase: 'Failed', state: 'terminated 137 Error', reason: 'Evicted', disrupted: 'True/TerminationByKubelet' },
    { outcome: 'preempted', phase: 'Failed', state: 'terminated 143 Error', reason: undefined, disrupted: 'True/PreemptionByScheduler' },
    {
      outcome: 'node-shutdown',
      phase: 'Failed',
      state: 'terminated 143 Error',
      reason: 'Terminated',
      disrupted: 'True/TerminationByKubelet',
    },
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

  it('image-pull: ErrImagePull and ImagePullBackOff in turns, later and later, for ever', async () => {
    const world = worldWithPod({ labels: { outcome: 'image-pull' } });
    const seen: [number, string][] = [];
    const begin = world.clock.now();
    world.server.store.listen('Pod', () => {
      const state = stateOf(world);
      if (seen.at(-1)?.[1] !== state) seen.push([(world.clock.now() - begin) / 1_000, state]);
    });
    await world.clock.advance(3_600_000);
    const failures = seen.filter(([, state]) => state === 'waiting ErrImagePull').map(([at]) => at);
    expect(failures.slice(0, 7)).toEqual([1.2, 11.2, 31.2, 71.2, 151.2, 311.2, 611.2]);
    expect(seen.filter(([, state]) => state === 'waiting ImagePullBackOff').map(([at]) => at)).toEqual(failures.map((at) => at + 1));
    expect(messageOf(world)).toMatch(/^Back-off pulling image "example.com\/agent:1": ErrImagePull: rpc error: .*: not found$/);
    expect(podOf(world)?.status?.phase).toBe('Pending');
  });

  it('pull-for and pull-failures: the image comes late, and the Pod goes on', async () => {
    const world = worldWithPod({ labels: { 'pull-for': '5s', 'pull-failures': '1', 'run-for': '2s' } });
    await world.clock.advance(UNTIL_RUNNING_MS + 4_999);
    expect([stateOf(world), condition(world, 'PodReadyToStartContainers')]).toEqual(['waiting ContainerCreating', 'True']);
    await world.clock.advance(1);
    expect(stateOf(world)).toBe('waiting ErrImagePull');
    await world.clock.advance(14_999);
    expect(stateOf(world)).toBe('waiting ImagePullBackOff');
    await world.clock.advance(1);
    expect(stateOf(world)).toBe('running');
    await world.clock.advance(2_000);
    expect(podOf(world)?.status?.phase).toBe('Succeeded');
  });

  it('invalid-image and config-error: the container waits, with the kubelet’s words', async () => {
    const bad = worldWithPod({ labels: { outcome: 'invalid-image' } });
    await bad.clock.advance(3_600_000);
    expect(stateOf(bad)).toBe('waiting InvalidImageName');
    expect(messageOf(bad)).toContain('invalid reference format');
    const env = [
      { name: 'A', valueFrom: { secretKeyRef: { name: 'perhaps', key: 'a', optional: true } } },
      { name: 'B', valueFrom: { configMapKeyRef: { name: 'settings', key: 'b' } } },
    ];
    const containers = [{ name: 'agent', image: 'example.com/agent:1', env }];
    const unconfigured = worldWithPod({ labels: { outcome: 'config-error' }, spec: { containers } });
    await unconfigured.clock.advance(3_600_000);
    expect([stateOf(unconfigured), messageOf(unconfigured)]).toEqual([
      'waiting CreateContainerConfigError',
      'configmap "settings" not found',
    ]);
    expect(podOf(unconfigured)?.status?.phase).toBe('Pending');
  });

  it('rejected: Failed with the node’s reason, and no container was ever there', async () => {
    const world = worldWithPod({ labels: { outcome: 'rejected' } });
    await world.clock.advance(5_000);
    expect(podOf(world)?.status).toMatchObject({
      phase: 'Failed',
      reason: 'OutOfcpu',
      message: expect.stringMatching(/^Pod was rejected: /),
    });
    expect(podOf(world)?.status).not.toHaveProperty('containerStatuses');
  });

  it('node-lost: Running and not ready, then deleted, and nobody ends it', async () => {
    const world = worldWithPod({ labels: { outcome: 'node-lost', 'run-for': '10s' } });
    await world.clock.advance(UNTIL_RUNNING_MS + 59_000);
    expect([condition(world, 'Ready'), podOf(world)?.metadata.deletionTimestamp]).toEqual(['True', undefined]);
    await world.clock.advance(2_000);
    expect(condition(world, 'Ready')).toBe('False');
    await world.clock.advance(300_000);
    expect(condition(world, 'DisruptionTarget')).toBe('True/DeletionByTaintManager');
    await world.clock.advance(3_600_000);
    expect([podOf(world)?.status?.phase, stateOf(world)]).toEqual(['Running', 'running']);
    expect(await world.client('test').logs(ADDRESS, { container: 'agent' })).toMatchObject({ error: { code: 500 } });
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

describe('nodes', () => {
  it('a full node makes a Pod wait until a place is free', async () => {
    const world = createWorld({ nodes: [{ name: 'small', pods: 1 }] });
    for (const name of ['first', 'second']) {
      const spec = { restartPolicy: 'Never', containers: [{ name: 'agent', image: 'example.com/agent:1' }] };
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
