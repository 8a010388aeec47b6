import { describe, it } from 'vitest';
import { podQuota } from '#host/cluster/memory/admission.ts';
import { ApiServer } from '#host/cluster/memory/api-server.ts';
import { GarbageCollector } from '#host/cluster/memory/garbage-collector.ts';
import { MemoryCluster } from '#host/cluster/memory/memory-cluster.ts';
import { NamespaceController } from '#host/cluster/memory/namespace-controller.ts';
import { VirtualClock } from '#host/virtual-clock.ts';
import { type ConformanceContext, conformanceCases } from '#test/support/conformance.ts';

describe('the memory cluster behaves as an API server', () => {
  it.each(conformanceCases)('$name', async ({ run }) => {
    const clock = new VirtualClock();
    const namespace = 'conformance';
    const server = new ApiServer({ clock, namespaces: [namespace], freeze: true });
    new GarbageCollector(server);
    const namespaces = new NamespaceController(server);
    const context: Required<ConformanceContext> = {
      namespace,
      wait: (ms) => clock.advance(ms),
      compact: async () => server.store.compact(),
      terminateNamespace: async () => namespaces.delete(namespace),
      limitPods: async (hard) => void server.addAdmission(podQuota(hard)),
      garbageCollector: true,
    };
    await run(new MemoryCluster(server), context);
  });
});
