import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Clock } from '#host/clock.ts';
import { ApiServer } from '#host/cluster/memory/api-server.ts';
import type { Call } from '#host/cluster/memory/faults.ts';
import { MemoryCluster } from '#host/cluster/memory/memory-cluster.ts';
import type { Engine } from '#host/engine/engine.ts';
import type { ListenAddress } from '#host/flag-values.ts';
import { type HostConfig, parseFlags } from '#host/flags.ts';
import { type HostEnd, type HostParts, runHost } from '#host/host.ts';
import { leaseRecord } from '#host/leader/lease.ts';
import { createLog } from '#host/observe/log.ts';
import { VirtualClock } from '#host/virtual-clock.ts';
import { sourceEngine } from '#test/support/source-engine.ts';

const LEASE = { kind: 'Lease', namespace: 'system', name: 'task-controller.kubeopencode.io' } as const;

interface World {
  readonly clock: VirtualClock;
  readonly server: ApiServer;
}

interface Running {
  readonly lines: () => readonly Record<string, unknown>[];
  readonly end: Promise<HostEnd>;
  readonly addresses: Promise<readonly ListenAddress[]>;
  ended: HostEnd | undefined;
  shutdown(): void;
}

function world(): World {
  const clock = new VirtualClock();
  return { clock, server: new ApiServer({ clock }) };
}

function config(...args: string[]): HostConfig {
  const parsed = parseFlags(['--metrics-bind-address=0', '--health-probe-bind-address=0', ...args], {}, '1');
  if (parsed.type !== 'Run') throw new Error(JSON.stringify(parsed));
  return parsed.config;
}

function start({ clock, server }: World, identity: string, flags: HostConfig, more: Partial<HostParts> = {}): Running {
  const written: string[] = [];
  const cluster = new MemoryCluster(server, { client: identity });
  const shutdown = new AbortController();
  let listening: (addresses: readonly ListenAddress[]) => void = () => {};
  const addresses = new Promise<readonly ListenAddress[]>((resolve) => {
    listening = resolve;
  });
  const parts: HostParts = {
    clock,
    cluster,
    leaseCluster: cluster,
    apiServer: 'api:6443',
    engine: sourceEngine,
    sessions: { summary: () => Promise.resolve({ ok: true, value: null }), abort: () => Promise.resolve({ ok: true, value: null }) },
    log: createLog({ level: 'info', clock, stream: { write: (line) => void written.push(line) } }),
    identity,
    leaseNamespace: 'system',
    version: '1',
    onListening: listening,
    ...more,
  };
  const running: Running = {
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    end: runHost(flags, parts, shutdown.signal),
    addresses,
    ended: undefined,
    shutdown: () => shutdown.abort(),
  };
  void running.end.then(
    (end) => {
      running.ended = end;
    },
    () => {},
  );
  return running;
}

function createTask({ server }: World, name: string): void {
  const meta = { name, namespace: 'ns' };
  const template = {
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'AgentTemplate',
    metadata: { ...meta, name: 't' },
    spec: { workspaceDir: '/w', serviceAccountName: 'default' },
  } as const;
  server.create(template);
  const created = server.create({
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'Task',
    metadata: meta,
    spec: { templateRef: { name: 't' }, description: 'x' },
  } as KubernetesObject & { kind: 'Task' });
  expect(created.ok).toBe(true);
}

function podOf({ server }: World, name: string): KubernetesObject | undefined {
  return server.find({ kind: 'Pod', namespace: 'ns', name: `${name}-pod` });
}

function holder({ server }: World): string {
  const lease = server.find(LEASE);
  return lease === undefined ? 'no lease' : leaseRecord(lease).holderIdentity;
}

describe('a host alone', () => {
  test('decides without an election, keeps one line a decision, and ends when asked', async () => {
    const place = world();
    const host = start(place, 'a', config());
    createTask(place, 'fix');
    await place.clock.advance(5_000);
    expect(podOf(place, 'fix')?.metadata.ownerReferences).toMatchObject([{ kind: 'Task', name: 'fix', controller: true }]);
    const decided = host.lines().filter(({ msg }) => msg === 'decided');
    expect(decided[0]).toMatchObject({
      level: 'info',
      controller: 'task',
      namespace: 'ns',
      name: 'fix',
      reconcileID: expect.any(Number),
      generation: 1,
    });
    expect(holder(place)).toBe('no lease');
    host.shutdown();
    await place.clock.advance(1_000);
    expect(host.ended).toBe('Stopped');
    createTask(place, 'late');
    await place.clock.advance(60_000);
    expect(podOf(place, 'late')).toBeUndefined();
  });

  test('judges by the API server’s time, where that is told', async () => {
    const place = world();
    const { clock } = place;
    const aheadMs = 318_000;
    const wrong: Clock = {
      now: () => clock.now() + aheadMs,
      monotonic: () => clock.monotonic(),
      random: () => clock.random(),
      after: (delayMs, fire) => clock.after(delayMs, fire),
    };
    const offMs: number[] = [];
    const host = start(place, 'a', config(), {
      clock: wrong,
      serverClock: clock,
      journal: () => ({ record: (_at, _core, snapshot) => offMs.push(Date.parse(snapshot.now) - clock.now()) }),
    });
    createTask(place, 'fix');
    await clock.advance(1_000);
    expect(offMs.length).toBeGreaterThan(0);
    expect(offMs.filter((ms) => ms !== 0)).toEqual([]);
    host.shutdown();
    await clock.advance(1_000);
    expect(host.ended).toBe('Stopped');
  });

  test('keeps a journal of what it decided', async () => {
    const place = world();
    const kept: string[] = [];
    const host = start(place, 'a', config(), {
      journal: () => ({ record: (_at, core, snapshot, result) => kept.push(`${core} ${snapshot.subject.name} ${result.type}`) }),
    });
    createTask(place, 'fix');
    await place.clock.advance(1_000);
    expect(kept).toContain('source fix Answered');
    host.shutdown();
    await place.clock.advance(1_000);
    expect(host.ended).toBe('Stopped');
  });

  test('serves health and metrics, and no more after its end', async () => {
    const place = world();
    const local = '127.0.0.1:0';
    const host = start(place, 'a', config('--metrics-bind-address', local, '--health-probe-bind-address', local));
    const [metrics, health] = await host.addresses;
    createTask(place, 'fix');
    await place.clock.advance(5_000);
    const text = async (port: number | undefined, path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    expect(await text(health?.port, '/healthz')).toBe('ok');
    expect(await text(health?.port, '/readyz?verbose')).toBe('[+]caches ok\nreadyz check passed\n');
    const lines = (await text(metrics?.port, '/metrics')).split('\n');
    for (const line of [
      'kubeopencode_tasks{namespace="ns",phase="Running"} 1',
      'kubeopencode_tasks{namespace="ns",phase="Failed"} 0',
      'leader_election_master_status{name="task-controller.kubeopencode.io"} 1',
      'kubeopencode_api_requests_total{verb="create",kind="Pod",code="201"} 1',
      'kubeopencode_task_wait_seconds_count{namespace="ns",agent=""} 1',
      'kubeopencode_cache_objects{kind="Task"} 1',
      'kubeopencode_actions_total{type="Create",kind="Pod",result="ok"} 1',
      'rest_client_requests_total{code="201",method="POST",host="api:6443"} 3',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.find((line) => line.startsWith('controller_runtime_reconcile_total{controller="task",result="success"}'))).not.toMatch(
      / 0$/,
    );
    host.shutdown();
    await place.clock.advance(1_000);
    await host.end;
    await expect(text(health?.port, '/healthz')).rejects.toThrow();
  });
});

describe('another core', () => {
  test('takes over while the host works, and a shadow decides beside it', async () => {
    const place = world();
    const kept: string[] = [];
    let offer: (next: Engine) => void = () => {};
    const broken: Engine = { digest: 'broken', decide: () => ({ type: 'EngineError', cause: 'Trap', message: 'dead', log: '' }) };
    const slow: Engine = { digest: 'newer', decide: (snapshot) => sourceEngine.decide(snapshot) };
    const host = start(place, 'a', config('--metrics-bind-address', '127.0.0.1:0'), {
      onReady: (how) => {
        offer = how;
      },
      shadow: { engine: broken, journal: { record: (_at, core, snapshot) => kept.push(`${core} ${snapshot.subject.name}`) } },
    });
    const [metrics] = await host.addresses;
    createTask(place, 'fix');
    await place.clock.advance(5_000);
    offer(broken);
    offer(slow);
    createTask(place, 'next');
    await place.clock.advance(5_000);
    expect([podOf(place, 'fix'), podOf(place, 'next')].map((pod) => pod?.kind)).toEqual(['Pod', 'Pod']);
    const lines = (await (await fetch(`http://127.0.0.1:${metrics?.port}/metrics`)).text()).split('\n');
    expect(lines).toContain('kubeopencode_build_info{version="1",core="newer"} 1');
    expect(lines).toContain('kubeopencode_core_swaps_total{result="Taken"} 1');
    expect(lines).toContain('kubeopencode_core_swaps_total{result="Refused"} 1');
    // What a core is asked before it is taken is no decision about anything.
    expect(lines).toContain('kubeopencode_sandbox_restarts_total{cause="Trap"} 0');
    expect(lines.find((line) => line.startsWith('kubeopencode_shadow_decisions_total{result="failed"}'))).toMatch(/ [1-9]/);
    expect(kept).toContain('broken fix');
    const told = host.lines().filter(({ msg }) => String(msg).startsWith('the shadow core decides otherwise'));
    expect(told.length).toBeGreaterThan(0);
    expect(new Set(told.map(({ rule }) => rule)).size).toBe(told.length);
    host.shutdown();
    await place.clock.advance(1_000);
    expect(host.ended).toBe('Stopped');
  });
});

describe('two hosts', () => {
  test('one works; the other takes over at once when the first is asked to end, with the work in hand done', async () => {
    const place = world();
    const first = start(place, 'first', config('--leader-elect'));
    await place.clock.advance(1_000);
    const second = start(place, 'second', config('--leader-elect'));
    await place.clock.advance(10_000);
    expect(holder(place)).toBe('first');
    createTask(place, 'one');
    await place.clock.advance(1_000);
    expect(podOf(place, 'one')).toBeDefined();
    expect(second.lines().filter(({ msg }) => msg === 'decided')).toEqual([]);
    expect(second.lines().some(({ msg, leader }) => msg === 'standing by' && leader === 'first')).toBe(true);
    first.shutdown();
    await place.clock.advance(5_000);
    expect([first.ended, holder(place)]).toEqual(['Stopped', 'second']);
    createTask(place, 'two');
    await place.clock.advance(1_000);
    expect(podOf(place, 'two')).toBeDefined();
    second.shutdown();
    await place.clock.advance(1_000);
    expect([second.ended, holder(place)]).toEqual(['Stopped', '']);
  });

  test('a host that can’t renew ends as Lost before another leads, and writes nothing more', async () => {
    const place = world();
    let isCut = false;
    const cut = { type: 'Unreachable', message: 'cut off' } as const;
    const severed = new MemoryCluster(place.server, {
      client: 'first',
      faults: { onCall: () => (isCut ? { lose: cut, refuse: cut } : undefined) },
    });
    const first = start(place, 'first', config('--leader-elect'), { cluster: severed, leaseCluster: severed });
    await place.clock.advance(1_000);
    const second = start(place, 'second', config('--leader-elect'));
    await place.clock.advance(3_000);
    isCut = true;
    await place.clock.runUntil(() => first.ended !== undefined);
    expect([first.ended, holder(place)]).toEqual(['Lost', 'first']);
    await place.clock.advance(20_000);
    expect(holder(place)).toBe('second');
    second.shutdown();
    await place.clock.advance(1_000);
  });

  test('a leader that has stood still for longer than its lease writes nothing of what it hears then, before it knows', async () => {
    const place = world();
    let stoodStillMs = 0;
    const clock: Clock = {
      now: () => place.clock.now(),
      monotonic: () => place.clock.monotonic() + stoodStillMs,
      after: (delayMs, fire) => place.clock.after(delayMs, fire),
      random: () => place.clock.random(),
    };
    const host = start(place, 'first', config('--leader-elect'), { clock });
    await place.clock.advance(1_000);
    createTask(place, 'before');
    await place.clock.advance(500);
    expect(podOf(place, 'before')).toBeDefined();
    stoodStillMs = 60_000;
    createTask(place, 'meanwhile');
    await place.clock.advance(100);
    expect(host.ended, 'its timers have told it nothing yet').toBeUndefined();
    expect(host.lines().filter(({ msg, name }) => msg === 'decided' && name === 'meanwhile').length).toBeGreaterThan(0);
    expect(podOf(place, 'meanwhile')).toBeUndefined();
    await place.clock.runUntil(() => host.ended !== undefined);
    expect([host.ended, podOf(place, 'meanwhile')]).toEqual(['Lost', undefined]);
  });

  test('a standby that is asked to end just ends', async () => {
    const place = world();
    const first = start(place, 'first', config('--leader-elect'));
    await place.clock.advance(1_000);
    const second = start(place, 'second', config('--leader-elect'));
    await place.clock.advance(1_000);
    second.shutdown();
    await place.clock.advance(1_000);
    expect([second.ended, first.ended, holder(place)]).toEqual(['Stopped', undefined, 'first']);
    first.shutdown();
    await place.clock.advance(1_000);
    expect(first.ended).toBe('Stopped');
  });
});

describe('asked to end', () => {
  /** A leader some of whose calls take longer than anybody waits. */
  const slowIn = (place: World, isSlow: (call: Call) => boolean): MemoryCluster =>
    new MemoryCluster(place.server, { client: 'a', faults: { onCall: (call) => (isSlow(call) ? { delayMs: 600_000 } : undefined) } });

  test('while its caches are still being filled, it gives the lease back at once', async () => {
    const place = world();
    const cluster = slowIn(place, ({ verb, kind }) => verb === 'list' && kind === 'Pod');
    const host = start(place, 'a', config('--leader-elect'), { cluster });
    await place.clock.advance(5_000);
    expect(holder(place)).toBe('a');
    host.shutdown();
    await place.clock.advance(1_000);
    expect([host.ended, holder(place)]).toEqual(['Stopped', '']);
    expect(host.lines().map(({ msg }) => msg)).toContain('ended before the first decision');
    expect(place.clock.nextTimerMs()).toBeUndefined();
  });

  test('while it takes the lease, it gives back what it may have taken', async () => {
    const place = world();
    const leaseCluster = new MemoryCluster(place.server, {
      client: 'a',
      faults: { onCall: ({ verb }) => (verb === 'create' ? { responseDelayMs: 1_000 } : undefined) },
    });
    const host = start(place, 'a', config('--leader-elect'), { leaseCluster });
    await place.clock.advance(500);
    expect(holder(place)).toBe('a');
    host.shutdown();
    await place.clock.advance(2_000);
    expect([host.ended, holder(place)]).toEqual(['Stopped', '']);
    expect(host.lines().map(({ msg }) => msg)).not.toContain('leading');
  });

  test('while a write gets no answer, it waits for twenty seconds, aborts it and gives the lease back', async () => {
    const place = world();
    const cluster = slowIn(place, ({ verb, kind }) => verb === 'create' && kind === 'Pod');
    const host = start(place, 'a', config('--leader-elect'), { cluster });
    await place.clock.advance(3_000);
    createTask(place, 'fix');
    await place.clock.advance(1_000);
    host.shutdown();
    await place.clock.advance(19_000);
    expect([host.ended, holder(place)]).toEqual([undefined, 'a']);
    await place.clock.advance(2_000);
    expect([host.ended, holder(place)]).toEqual(['Stopped', '']);
    await place.clock.advance(900_000);
    expect(podOf(place, 'fix')).toBeUndefined();
    expect(place.clock.nextTimerMs()).toBeUndefined();
  });

  test('alone, before it ever reached the API server, it ends and leaves no timer', async () => {
    const place = world();
    const host = start(place, 'a', config(), { cluster: slowIn(place, () => true) });
    await place.clock.advance(1_000);
    host.shutdown();
    await place.clock.advance(1_000);
    expect(host.ended).toBe('Stopped');
    expect(place.clock.nextTimerMs()).toBeUndefined();
  });
});

test('an address that is taken is an error, and nothing goes on', async () => {
  const place = world();
  const local = '127.0.0.1:0';
  const first = start(place, 'a', config('--health-probe-bind-address', local));
  const [taken] = await first.addresses;
  const second = start(place, 'b', config('--health-probe-bind-address', `127.0.0.1:${taken?.port}`));
  await expect(second.end).rejects.toThrow(`listen on 127.0.0.1:${taken?.port}: expected a free address`);
  first.shutdown();
  await place.clock.advance(1_000);
  await first.end;
});
