import { afterAll, expect, it } from 'vitest';
import { ApiServer } from '#host/cluster/memory/api-server.ts';
import { MemoryCluster } from '#host/cluster/memory/memory-cluster.ts';
import { VirtualClock } from '#host/virtual-clock.ts';
import { firstDifference } from '#test/support/conformance-random.ts';
import { startInstalled } from './support/installed.ts';
import { openKube } from './support/kube.ts';

/** A control plane of its own: nobody else may touch these Pods (the controller manager takes away those of nodes that are not there). */
const { info, controlPlane } = await startInstalled({ pods: 'Inert' });
afterAll(() => controlPlane.stop());
const kube = await openKube(info);
const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);
const STEPS = 80;

/** The table of cases says what matters; chance finds what nobody thought of. */
it.concurrent.each(SEEDS)('the memory cluster answers random calls as the real API server does (seed %i)', async (seed) => {
  const namespace = await kube.namespace();
  const clock = new VirtualClock({ startMs: Date.now() });
  const memory = new MemoryCluster(new ApiServer({ clock, freeze: true }));
  const difference = await firstDifference(kube.cluster, memory, {
    namespace,
    seed,
    steps: STEPS,
    beforeStep: () => clock.runUntil(Date.now()).then(() => {}),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  expect(difference).toBeUndefined();
});
