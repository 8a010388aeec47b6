import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JITTER_FACTOR } from '#host/leader/election-config.ts';
import { createElector } from '#host/leader/elector.ts';
import { VirtualClock } from '#host/virtual-clock.ts';
import { DURATIONS, LeaseServer, Node } from './model.ts';

const MAX_RETRY_MS = DURATIONS.retryPeriodMs * (1 + JITTER_FACTOR);

type Fault = { readonly type: 'pause' | 'cut' | 'crash' | 'remove'; readonly node: number; readonly atMs: number; readonly forMs: number };

const faults = fc.array(
  fc.record({
    type: fc.constantFrom('pause', 'pause', 'cut', 'cut', 'crash', 'remove' as const),
    node: fc.nat(2),
    atMs: fc.integer({ min: 0, max: 120_000 }),
    forMs: fc.integer({ min: 100, max: 45_000 }),
  }),
  { maxLength: 12 },
);

const nodeOptions = fc.record({
  rate: fc.double({ min: 0.97, max: 1.03, noNaN: true }),
  wallOffsetMs: fc.integer({ min: -86_400_000, max: 86_400_000 }),
  maxLatencyMs: fc.integer({ min: 0, max: 900 }),
  restartAfterMs: fc.integer({ min: 500, max: 5_000 }),
});

function inject(world: VirtualClock, nodes: readonly Node[], server: LeaseServer, fault: Fault): void {
  const node = nodes[fault.node % nodes.length];
  if (node === undefined) return;
  world.after(fault.atMs, () => {
    if (fault.type === 'remove') return server.remove();
    if (fault.type === 'pause') node.pause();
    if (fault.type === 'cut') node.cut();
    if (fault.type === 'crash') node.crash();
    world.after(fault.forMs, () => {
      if (fault.type === 'pause') node.resume();
      if (fault.type === 'cut') node.mend();
      if (fault.type === 'crash') node.start();
    });
  });
}

/** Looks at every node every 50 ms of the model's time. */
function watchForTwo(world: VirtualClock, nodes: readonly Node[]): string[] {
  const violations: string[] = [];
  const look = (): void => {
    for (const [what, who] of [
      ['act', nodes.filter((node) => node.acts())],
      ['lead', nodes.filter((node) => node.leads())],
    ] as const) {
      if (who.length > 1) violations.push(`at ${world.monotonic()} ms ${who.map((node) => node.name).join(' and ')} ${what}`);
    }
    world.after(50, look);
  };
  look();
  return violations;
}

describe('two or three electors in the model', () => {
  test('never two leaders, whatever is paused, cut off or killed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(nodeOptions, { minLength: 2, maxLength: 3 }), faults, async (seed, options, schedule) => {
        const world = new VirtualClock({ seed });
        const server = new LeaseServer();
        const nodes = options.map((option, index) => new Node(`node-${index}`, world, server, option));
        const violations = watchForTwo(world, nodes);
        // The removal of a lease by hand opens it to everybody at once: no elector can be safe against that, so it is left to the next property.
        for (const fault of schedule) if (fault.type !== 'remove') inject(world, nodes, server, fault as Fault);
        for (const node of nodes) node.start();
        await world.advance(180_000);
        expect(violations).toEqual([]);
        expect(nodes.reduce((sum, node) => sum + node.starts, 0)).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });

  test('a leader again when faults have stopped, also after the Lease was removed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(nodeOptions, { minLength: 2, maxLength: 3 }), faults, async (seed, options, schedule) => {
        const world = new VirtualClock({ seed });
        const server = new LeaseServer();
        const nodes = options.map((option, index) => new Node(`node-${index}`, world, server, option));
        for (const fault of schedule) inject(world, nodes, server, fault as Fault);
        for (const node of nodes) node.start();
        await world.advance(120_000 + 45_000);
        await world.advance(DURATIONS.leaseDurationMs * 2);
        expect(nodes.filter((node) => node.leads())).toHaveLength(1);
      }),
      { numRuns: 40 },
    );
  });

  test('when the leader dies another leads within one lease of what it last saw', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 20_000, max: 60_000 }), async (seed, dieAtMs) => {
        const world = new VirtualClock({ seed });
        const server = new LeaseServer();
        const nodes = [1, 2, 3].map((index) => new Node(`node-${index}`, world, server, { maxLatencyMs: 100 }));
        for (const node of nodes) node.start();
        await world.advance(dieAtMs);
        const leader = nodes.find((node) => node.leads());
        leader?.crash();
        // The last renewal is seen one retry late at most; then one lease; then two calls of at most 200 ms each.
        await world.advance(MAX_RETRY_MS + DURATIONS.leaseDurationMs + 500);
        expect(leader).toBeDefined();
        expect(nodes.filter((node) => node !== leader && node.leads())).toHaveLength(1);
      }),
      { numRuns: 40 },
    );
  });
});

describe('one elector', () => {
  test('stops acting before a standby may take the lease it can no longer renew', async () => {
    const world = new VirtualClock();
    const server = new LeaseServer();
    const [first, second] = [new Node('first', world, server), new Node('second', world, server)];
    first.start();
    await world.advance(5_000);
    second.start();
    await world.advance(5_000);
    first.cut();
    const cutAt = world.monotonic();
    await world.runUntil(() => !first.acts());
    const stoppedAfterMs = world.monotonic() - cutAt;
    await world.runUntil(() => second.leads());
    const takenAfterMs = world.monotonic() - cutAt;
    expect(stoppedAfterMs).toBeLessThanOrEqual(DURATIONS.renewDeadlineMs);
    expect(takenAfterMs).toBeGreaterThan(stoppedAfterMs + 2_000);
    expect(first.ends).toEqual(['Lost']);
  });

  test('a release hands over within one retry, not one lease', async () => {
    const world = new VirtualClock();
    const server = new LeaseServer();
    const [first, second] = [new Node('first', world, server), new Node('second', world, server)];
    first.start();
    await world.advance(1_000);
    second.start();
    await world.advance(9_000);
    first.release();
    expect(first.acts()).toBe(false);
    await world.advance(MAX_RETRY_MS + 500);
    expect(first.ends).toEqual(['Released']);
    expect(second.leads()).toBe(true);
    expect(server.get()).toMatchObject({ value: { spec: { leaseTransitions: 1, holderIdentity: 'second_1', leaseDurationSeconds: 15 } } });
  });

  test('a leader alone writes once a retry period, and says why a call failed', async () => {
    const world = new VirtualClock();
    const server = new LeaseServer();
    const node = new Node('only', world, server);
    node.start();
    await world.advance(60_000);
    expect(server.writes).toBeGreaterThanOrEqual(29);
    expect(server.writes).toBeLessThanOrEqual(31);
    node.cut();
    await world.advance(20_000);
    expect(node.ends).toEqual(['Lost']);
    expect(node.failures[0]).toBe('replace: Error: no answer within 5000 ms');
  });

  test('refuses durations that could not be safe', () => {
    const config = { identity: 'a', leaseDurationMs: 10_000, renewDeadlineMs: 10_000, retryPeriodMs: 9_000 };
    const world = new VirtualClock();
    const node = new Node('a', world, new LeaseServer());
    const unused = { get: () => never(), create: () => never(), replace: () => never() };
    expect(() =>
      createElector({ cluster: unused, clock: node, lease: { namespace: 'a', name: 'b' }, config, onStartedLeading: () => {} }),
    ).toThrow(
      'leader election is not safe: the lease duration must be longer than the renew deadline; the renew deadline must be longer than 1.2 times the retry period',
    );
  });
});

function never(): never {
  throw new Error('no call was expected');
}
