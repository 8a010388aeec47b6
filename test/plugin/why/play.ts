import { readFileSync } from 'node:fs';
import type { Task } from '#core/api/task.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import type { Why } from '#plugin/contract/why.ts';
import { explain } from '#plugin/why/explain.ts';
import { NAMESPACE } from '#test/support/builders.ts';
import { virtualHost } from '#test/support/virtual-host.ts';
import type { Situation } from './steps.ts';

const core = loadEngine(readFileSync(new URL('../../../dist/core.wasm', import.meta.url)));
/** The digest changes with every change of the core, also where no explanation does. */
const engine = { digest: `sha256:${'0'.repeat(64)}`, decide: core.decide };
const LEASE = { namespace: 'kubeopencode-system', name: 'task-controller.kubeopencode.io' };

/** A Task that the real controller brought where it is. */
export interface Played {
  readonly world: World;
  why(): Promise<Why>;
  /** Ends the controller. */
  end(): void;
}

export async function play({ about, world: options, steps, passesMs = 10_000, alone }: Situation): Promise<Played> {
  const world = createWorld(options);
  const host = virtualHost({ engine: core, world });
  await host.start();
  for (const step of steps) {
    step(world);
    await world.clock.advance(passesMs);
  }
  if (alone !== undefined) {
    host.kill();
    for (const step of alone.steps ?? []) step(world);
    await world.clock.advance(alone.forMs);
  }
  return {
    world,
    async why() {
      const task = host.get<Task>('Task', NAMESPACE, about);
      if (task === undefined) throw new Error(`expected Task ${about} in the cluster`);
      return explain({ engine, cluster: world.client('why'), task, nowMs: world.clock.now(), lease: LEASE });
    },
    end: () => host.kill(),
  };
}
