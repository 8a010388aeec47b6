import { describe, expect, it } from 'vitest';
import type { LogOptions } from '#host/cluster/cluster.ts';
import type { World } from '#host/cluster/memory/world.ts';
import { ADDRESS, UNTIL_RUNNING_MS, worldWithPod } from './one-pod.ts';

const GONE = /^unable to retrieve container logs for containerd:\/\/[0-9a-f]{64}$/;

async function logOf(world: World, options: Partial<LogOptions> = {}): Promise<string> {
  const result = await world.client('test').logs(ADDRESS, { container: 'agent', ...options });
  if (result.ok) return result.value;
  return result.error.type === 'Refused' ? `${result.error.code} ${result.error.message}` : result.error.type;
}

/** Runs for 10 s and writes five lines, one each 2 s. */
const TALKER = { labels: { 'run-for': '10s' }, annotations: { log: 'one\ntwo\nthree\nfour\nfive\n' } };

describe('the log of a container', () => {
  it('grows while it runs, and stays for as long as the Pod is there', async () => {
    const world = worldWithPod({ ...TALKER, isHeld: false });
    await world.clock.advance(UNTIL_RUNNING_MS);
    expect(await logOf(world)).toBe('one\n');
    await world.clock.advance(4_000);
    expect(await logOf(world)).toBe('one\ntwo\nthree\n');
    await world.clock.advance(24 * 3_600_000);
    expect(await logOf(world)).toBe('one\ntwo\nthree\nfour\nfive\n');
    world.server.delete(ADDRESS, {});
    expect(await logOf(world)).toBe('404 pods "p" not found');
  });

  it('ends where the container was killed', async () => {
    const world = worldWithPod({ ...TALKER, spec: { activeDeadlineSeconds: 6 } });
    await world.clock.advance(60_000);
    expect(await logOf(world)).toBe('one\ntwo\nthree\n');
  });

  it('can be read through the grace period of a deletion, and is gone with the container, though a finalizer holds the Pod', async () => {
    const world = worldWithPod({ ...TALKER, labels: { ...TALKER.labels, 'stop-after': '3s' } });
    await world.clock.advance(UNTIL_RUNNING_MS + 1_000);
    world.server.delete(ADDRESS, {});
    await world.clock.advance(3_000);
    expect(await logOf(world)).toBe('one\ntwo\nthree\n');
    await world.clock.advance(200);
    expect(await logOf(world)).toMatch(GONE);
    expect(await logOf(world, { tailLines: 1, limitBytes: 5 })).toMatch(GONE);
  });

  it('is gone with the containers of a Pod that the node evicted', async () => {
    const world = worldWithPod({ ...TALKER, labels: { 'run-for': '2s', outcome: 'evicted' } });
    await world.clock.advance(UNTIL_RUNNING_MS + 1_000);
    expect(await logOf(world)).toBe('one\ntwo\nthree\n');
    await world.clock.advance(2_000);
    expect(await logOf(world)).toMatch(GONE);
  });

  it('of a Pod that ended before it was deleted is gone with the deletion', async () => {
    const world = worldWithPod(TALKER);
    await world.clock.advance(60_000);
    world.server.delete(ADDRESS, {});
    expect(await logOf(world)).toMatch(GONE);
  });

  it('is cut: the last lines, of those the young ones, of these the first bytes', async () => {
    const world = worldWithPod(TALKER);
    await world.clock.advance(UNTIL_RUNNING_MS + 9_000);
    expect(await logOf(world, { tailLines: 2 })).toBe('four\nfive\n');
    expect(await logOf(world, { tailLines: 0 })).toBe('');
    expect(await logOf(world, { sinceSeconds: 3 })).toBe('four\nfive\n');
    expect(await logOf(world, { tailLines: 3, sinceSeconds: 1 })).toBe('five\n');
    expect(await logOf(world, { tailLines: 2, limitBytes: 6 })).toBe('four\nf');
    expect(await logOf(world, { tailLines: 1, timestamps: true })).toBe('2026-01-01T00:00:09.200000000Z five\n');
    await world.clock.advance(60_000);
    expect(await logOf(world, { sinceSeconds: 3 })).toBe('');
  });

  it('is refused with the kubelet’s words while there is none', async () => {
    const waiting = async (labels: Readonly<Record<string, string>>, ms: number): Promise<string> => {
      const world = worldWithPod({ labels });
      await world.clock.advance(ms);
      return logOf(world);
    };
    const prefix = '400 container "agent" in pod "p" is waiting to start:';
    expect(await waiting({}, 500)).toBe(`${prefix} ContainerCreating`);
    expect(await waiting({ outcome: 'image-pull' }, UNTIL_RUNNING_MS)).toBe(`${prefix} image can't be pulled`);
    expect(await waiting({ outcome: 'image-pull' }, 5_000)).toBe(`${prefix} trying and failing to pull image`);
    expect(await waiting({ outcome: 'config-error' }, 5_000)).toBe(`${prefix} CreateContainerConfigError`);
    const cut = worldWithPod({ labels: { outcome: 'image-pull' }, spec: { activeDeadlineSeconds: 5 } });
    await cut.clock.advance(60_000);
    expect(await logOf(cut)).toBe('400 container "agent" in pod "p" is terminated');
    const world = worldWithPod();
    expect(await logOf(world)).toBe('');
    expect(await logOf(world, { container: 'other' })).toBe('400 container other is not valid for pod p');
  });

  it('can’t be read while its node is cut off', async () => {
    const world = worldWithPod(TALKER);
    await world.clock.advance(UNTIL_RUNNING_MS);
    world.outages.begin('node-1');
    expect(await logOf(world)).toBe(
      '500 Get "https://192.0.2.2:10250/containerLogs/default/p/agent": dial tcp 192.0.2.2:10250: connect: no route to host',
    );
    world.outages.end('node-1');
    expect(await logOf(world)).toBe('one\n');
  });
});
