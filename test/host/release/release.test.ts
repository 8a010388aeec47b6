import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { LABELS, POD_FINALIZER } from '#core/contract/names.ts';
import { ApiServer } from '#host/cluster/memory/api-server.ts';
import type { Faults } from '#host/cluster/memory/faults.ts';
import { MemoryCluster } from '#host/cluster/memory/memory-cluster.ts';
import { parseFlags } from '#host/flags.ts';
import { type HostEnd, type HostParts, runHost } from '#host/host.ts';
import { createLog } from '#host/observe/log.ts';
import type { ReleasePodsEnd } from '#host/release/release-pods.ts';
import { runRelease } from '#host/release/run-release.ts';
import { VirtualClock } from '#host/virtual-clock.ts';
import { sourceEngine } from '#test/support/source-engine.ts';

const AUDIT = 'example.com/audit';

interface Release {
  ended: ReleasePodsEnd | undefined;
  readonly messages: readonly string[];
  shutdown(): void;
}

function place(): { clock: VirtualClock; server: ApiServer } {
  const clock = new VirtualClock();
  return { clock, server: new ApiServer({ clock }) };
}

type Place = ReturnType<typeof place>;

function config(...args: readonly string[]): Parameters<typeof runHost>[0] {
  const parsed = parseFlags(['--metrics-bind-address=0', '--health-probe-bind-address=0', ...args], {}, '1');
  if (parsed.type !== 'Run') throw new Error(JSON.stringify(parsed));
  return parsed.config;
}

function parts({ clock, server }: Place, identity: string, messages: string[], faults: Faults): HostParts {
  const cluster = new MemoryCluster(server, { client: identity, faults });
  return {
    clock,
    cluster,
    leaseCluster: cluster,
    engine: sourceEngine,
    sessions: { summary: () => Promise.resolve({ ok: true, value: null }), abort: () => Promise.resolve({ ok: true, value: null }) },
    log: createLog({ level: 'info', clock, stream: { write: (line) => void messages.push(JSON.parse(line).msg) } }),
    identity,
    leaseNamespace: 'system',
    version: '1',
  };
}

function release(where: Place, args: readonly string[] = [], faults: Faults = {}): Release {
  const messages: string[] = [];
  const shutdown = new AbortController();
  const running: Release = { ended: undefined, messages, shutdown: () => shutdown.abort() };
  void runRelease(config('--release-pods', ...args), parts(where, 'release', messages, faults), shutdown.signal).then((end) => {
    running.ended = end;
  });
  return running;
}

function putPod({ server }: Place, namespace: string, name: string, finalizers: readonly string[], isOurs = true): void {
  const labels = isOurs ? { [LABELS.taskUid]: 'u' } : {};
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels, finalizers },
    spec: { containers: [{ name: 'agent', image: 'a:1' }] },
  } as KubernetesObject & { kind: 'Pod' };
  expect(server.create(pod)).toMatchObject({ ok: true });
}

function runTask({ server }: Place, name: string): void {
  const of = { apiVersion: 'kubeopencode.io/v1alpha1', metadata: { namespace: 'a', name } };
  const template = { ...of, kind: 'AgentTemplate', spec: { workspaceDir: '/w', serviceAccountName: 'default' } } as const;
  const task = { ...of, kind: 'Task', spec: { templateRef: { name }, description: 'x' } } as const;
  for (const object of [template, task] as (KubernetesObject & { kind: 'Task' })[])
    expect(server.create(object)).toMatchObject({ ok: true });
}

function finalizersOf({ server }: Place, namespace: string, name: string): readonly string[] | undefined {
  return server.find({ kind: 'Pod', namespace, name })?.metadata.finalizers;
}

describe('--release-pods', () => {
  test('takes our finalizer off every Pod, and no other', async () => {
    const where = place();
    putPod(where, 'a', 'held', [POD_FINALIZER]);
    putPod(where, 'b', 'shared', [AUDIT, POD_FINALIZER]);
    putPod(where, 'b', 'other', [AUDIT], false);
    const running = release(where);
    await where.clock.advance(1);
    expect(running.ended).toBe('Released');
    expect(finalizersOf(where, 'a', 'held') ?? []).toEqual([]);
    expect(finalizersOf(where, 'b', 'shared')).toEqual([AUDIT]);
    expect(finalizersOf(where, 'b', 'other')).toEqual([AUDIT]);
    expect(running.messages).toEqual(['released', 'released', 'no Pod is held any more']);
  });

  test('works in its namespaces only, and more Pods than fit a page', async () => {
    const where = place();
    for (let index = 0; index < 1_100; index++) putPod(where, 'a', `pod-${index}`, [POD_FINALIZER]);
    putPod(where, 'b', 'outside', [POD_FINALIZER]);
    const running = release(where, ['--namespace=a']);
    await where.clock.advance(1);
    expect(running.ended).toBe('Released');
    expect(running.messages.filter((message) => message === 'released')).toHaveLength(1_100);
    expect(finalizersOf(where, 'b', 'outside')).toEqual([POD_FINALIZER]);
  });

  test('goes on when the API server was only away, and says so', async () => {
    const where = place();
    putPod(where, 'a', 'held', [POD_FINALIZER]);
    let lost = 2;
    const running = release(where, [], {
      onCall: ({ verb }) =>
        verb === 'patch' && lost-- > 0 ? { refuse: { type: 'Refused', code: 503, reason: '', message: 'away' } } : undefined,
    });
    await where.clock.advance(1_000);
    expect(running.ended).toBeUndefined();
    await where.clock.advance(4_000);
    expect(running.ended).toBe('Released');
    expect(running.messages.filter((message) => message === 'release Pods: patch Pod a/held: away')).toHaveLength(2);
  });

  test('ends at once where it may not, and says what to do', async () => {
    const where = place();
    putPod(where, 'a', 'held', [POD_FINALIZER]);
    const running = release(where, [], {
      onCall: ({ verb }) => (verb === 'patch' ? { refuse: { type: 'Refused', code: 403, reason: 'Forbidden', message: 'no' } } : undefined),
    });
    await where.clock.advance(1_000);
    expect(running.ended).toBe('Refused');
    expect(running.messages.at(-1)).toMatch(/patch Pod a\/held: no; grant list and patch on pods/);
  });

  test('waits until the controller that leads has ended, so that no Pod is held anew', async () => {
    const where = place();
    const shutdown = new AbortController();
    const flags = config('--leader-elect');
    const host: Promise<HostEnd> = runHost(flags, parts(where, 'controller', [], {}), shutdown.signal);
    runTask(where, 'fix');
    await where.clock.advance(5_000);
    const running = release(where, ['--leader-elect']);
    await where.clock.advance(60_000);
    expect(running.ended).toBeUndefined();
    expect(running.messages).toContain('waiting until the controller has given up the lead');
    expect(finalizersOf(where, 'a', 'fix-pod')).toEqual([POD_FINALIZER]);
    shutdown.abort();
    await where.clock.advance(20_000);
    expect(await host).toBe('Stopped');
    expect(running.ended).toBe('Released');
    expect(finalizersOf(where, 'a', 'fix-pod') ?? []).toEqual([]);
  });

  test('takes over from one that died without a word, after its lease', async () => {
    const where = place();
    const renewTime = new Date(where.clock.now()).toISOString();
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'system', name: 'task-controller.kubeopencode.io' },
      spec: { holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime, acquireTime: renewTime, leaseTransitions: 0 },
    } as KubernetesObject & { kind: 'Lease' };
    where.server.create(lease);
    const running = release(where, ['--leader-elect']);
    await where.clock.advance(14_000);
    expect(running.ended).toBeUndefined();
    await where.clock.advance(10_000);
    expect(running.ended).toBe('Released');
  });

  test('ends when it is asked to', async () => {
    const where = place();
    const running = release(where, [], {
      onCall: () => ({ refuse: { type: 'Refused', code: 503, reason: '', message: 'away' } }),
    });
    await where.clock.advance(10_000);
    running.shutdown();
    await where.clock.advance(1);
    expect(running.ended).toBe('Stopped');
  });
});
