import { describe, expect, test } from 'vitest';
import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { podQuota } from '#host/cluster/memory/admission.ts';
import type { Faults } from '#host/cluster/memory/faults.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import { seededRandom } from '#host/virtual-clock.ts';
import { agent, agentTask, NAMESPACE, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { type VirtualHost, virtualHost } from '#test/support/virtual-host.ts';

const QUIET_AFTER_MS = 200_000;

/** What must never happen, looked for at every write. */
interface Watchdog {
  readonly violations: string[];
  /** Pods that each Task, by UID, ever had. */
  readonly podsOf: Map<string, number>;
  mostAlive: number;
}

function watchdog(world: World): Watchdog {
  const dog: Watchdog = { violations: [], podsOf: new Map(), mostAlive: 0 };
  const ownerOfAlive = new Map<string, string>();
  world.server.store.listen('Pod', ({ type, object }) => {
    const pod = object as KubernetesObject as Pod;
    const { uid = '', ownerReferences } = pod.metadata;
    const owner = ownerReferences?.[0]?.uid ?? '';
    if (type === 'ADDED') {
      if ([...ownerOfAlive.values()].includes(owner)) dog.violations.push(`a second live pod of ${owner}`);
      dog.podsOf.set(owner, (dog.podsOf.get(owner) ?? 0) + 1);
    }
    const hasEnded = type === 'DELETED' || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (hasEnded) ownerOfAlive.delete(uid);
    else ownerOfAlive.set(uid, owner);
    dog.mostAlive = Math.max(dog.mostAlive, ownerOfAlive.size);
  });
  const ends = new Map<string, string>();
  world.server.store.listen('Task', ({ type, object }) => {
    const { metadata, status } = object as KubernetesObject as Task;
    const uid = metadata.uid ?? '';
    const end = `${status?.phase} ${status?.completionTime} ${status?.cause}`;
    const known = ends.get(uid);
    if (type !== 'DELETED' && known !== undefined && known !== end)
      dog.violations.push(`the end of ${metadata.name} changed from ${known} to ${end}`);
    if (status?.phase === 'Completed' || status?.phase === 'Failed') ends.set(uid, end);
  });
  return dog;
}

/** Calls are lost on the way there or back, refused, late; watches lag, repeat, break. Until it is quiet. */
function faultsOf(world: World, seed: number, untilMs: number): Faults {
  const random = seededRandom(seed);
  const refused = (code: number, reason: string) => ({ type: 'Refused' as const, code, reason, message: reason });
  return {
    onCall: ({ verb }) => {
      if (world.clock.now() > untilMs) return undefined;
      const chance = random();
      const isWrite = verb === 'create' || verb === 'patch' || verb === 'delete';
      if (chance < 0.05) return { refuse: { type: 'Unreachable', message: 'reset' } };
      if (chance < 0.12 && isWrite) return { lose: { type: 'Unreachable', message: 'reset' } };
      if (chance < 0.15) return { refuse: { ...refused(429, 'TooManyRequests'), retryAfterMs: 1_000 } };
      if (chance < 0.18) return { refuse: refused(500, 'InternalError') };
      if (chance < 0.2) return { lose: refused(504, 'Timeout') };
      return { delayMs: Math.floor(random() * 200), responseDelayMs: Math.floor(random() * 200) };
    },
    onDelivery: () => {
      if (world.clock.now() > untilMs) return undefined;
      const chance = random();
      if (chance < 0.02) return { type: 'Close' };
      if (chance < 0.03) return { type: 'Fail', error: refused(410, 'Expired') };
      return { type: 'Deliver', delayMs: Math.floor(random() * 4_000), copies: chance < 0.2 ? 2 : 1 };
    },
  };
}

/** People who create, stop, delete and create again, somebody who deletes Pods, and a leader that is killed now and then. */
class Churn {
  readonly hosts: VirtualHost[] = [];
  readonly names: string[] = [];
  readonly #world: World;
  readonly #seed: number;
  readonly #random: () => number;
  readonly #untilMs: number;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#seed = seed;
    this.#random = seededRandom(seed * 7_919);
    this.#untilMs = world.clock.now() + QUIET_AFTER_MS;
  }

  async newHost(): Promise<void> {
    const faults = faultsOf(this.#world, this.#seed + this.hosts.length * 1_000, this.#untilMs);
    const host = virtualHost({ engine: sourceEngine, world: this.#world, name: `host-${this.hosts.length}`, faults });
    this.hosts.push(host);
    void host.controller.start(host.leading.signal);
    await this.#world.clock.advance(1);
  }

  async step(mayKill: boolean): Promise<void> {
    const { clock, server } = this.#world;
    const chance = this.#random();
    const name = this.names[Math.floor(this.#random() * this.names.length)];
    if (chance < 0.45 || name === undefined) this.#create(`t${this.names.length}`);
    else if (chance < 0.55) {
      const stop = { metadata: { annotations: { 'kubeopencode.io/stop': 'true' } } };
      server.patch({ kind: 'Task', namespace: NAMESPACE, name }, stop, { patchType: 'merge' });
    } else if (chance < 0.65) {
      server.delete({ kind: 'Task', namespace: NAMESPACE, name }, {});
      await clock.advance(this.#random() * 3_000);
      if (server.find({ kind: 'Task', namespace: NAMESPACE, name }) === undefined) this.#create(name);
    } else if (chance < 0.72) server.delete({ kind: 'Pod', namespace: NAMESPACE, name: `${name}-pod` }, {});
    else if (chance < 0.8 && mayKill) {
      this.hosts.at(-1)?.kill();
      await clock.advance(this.#random() < 0.5 ? 0 : 3_000);
      await this.newHost();
    }
    await clock.advance(this.#random() * 6_000);
  }

  #create(name: string): void {
    if (!this.names.includes(name)) this.names.push(name);
    this.#world.apply(newObject('Task', agentTask({ name })));
  }
}

describe('whatever people, nodes and networks do', () => {
  test.each([...Array.from({ length: 16 }, (_, index) => index + 1), 120])(
    'seed %i: every Task ends once, had one Pod at most, and nothing stays behind',
    async (seed) => {
      const mayKill = seed % 2 === 0;
      const slots = 1 + (seed % 3);
      const quota = seed % 3 === 0 ? { quota: { maxTaskStarts: 3, windowSeconds: 60 } } : {};
      const world = createWorld({ seed, ...(seed % 4 === 0 ? { admission: [podQuota(2)] } : {}) });
      const dog = watchdog(world);
      world.apply(newObject('AgentTemplate', template()));
      world.apply(newObject('Agent', agent({ maxConcurrentTasks: slots, ...quota })));
      const churn = new Churn(world, seed);
      await churn.newHost();
      for (let count = 0; count < 40; count++) await churn.step(mayKill);
      await world.clock.advance(1_800_000);
      expect(dog.violations).toEqual([]);
      expect([...dog.podsOf.values()].filter((count) => count > 1)).toEqual([]);
      // A hand-over may pass the limit by the writes in flight; one leader never does.
      if (!mayKill) expect(dog.mostAlive).toBeLessThanOrEqual(slots);
      const tasks = [...world.server.store.values('Task')] as KubernetesObject[] as Task[];
      expect(tasks.filter(({ status }) => status?.phase !== 'Completed' && status?.phase !== 'Failed')).toEqual([]);
      expect([...world.server.store.values('Pod')].filter(({ metadata }) => (metadata.finalizers ?? []).length > 0)).toEqual([]);
      expect(churn.hosts.at(-1)?.controller.counts()).toMatchObject({ depth: 0, active: 0, lines: [] });
      expect(
        churn.hosts.flatMap(({ warnings }) => warnings).filter((text) => text.includes('bug') || text.includes('could not decide')),
      ).toEqual([]);
      const writes = churn.hosts.reduce((sum, host) => sum + host.writes.length, 0);
      expect(writes / churn.names.length).toBeLessThan(60);
    },
  );
});
