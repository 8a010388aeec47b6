import type { NodeVerdict } from './pod-run.ts';

const LOW_MEMORY = 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 92Mi. ';

/** The node is short of memory. Source: kubernetes pkg/kubelet/eviction. */
export const EVICTION: NodeVerdict = { reason: 'Evicted', message: LOW_MEMORY, disruption: LOW_MEMORY };

const SHUTDOWN = 'Pod was terminated in response to imminent node shutdown.';

/** The node shuts down. Source: kubernetes pkg/kubelet/nodeshutdown. */
export const NODE_SHUTDOWN: NodeVerdict = { reason: 'Terminated', message: SHUTDOWN, disruption: SHUTDOWN };
