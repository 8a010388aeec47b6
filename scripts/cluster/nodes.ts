import type { ApiClient } from './api.ts';

/** Nodes that kwok looks after, without a taint, so that any Pod runs there. */
export async function createFakeNodes(api: ApiClient, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    const name = `fake-${number}`;
    const resources = { cpu: '64', memory: '512Gi', pods: '1000' };
    await api.expect('POST', '/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        annotations: { 'kwok.x-k8s.io/node': 'fake' },
        labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
      },
      status: { capacity: resources, allocatable: resources },
    });
  }
}
