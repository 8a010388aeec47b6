import type { Kind } from '#core/contract/kinds.ts';
import { PROJECTIONS } from '#core/contract/projection.ts';
import type { Clock } from '../clock.ts';
import type { Store } from '../cluster/store.ts';
import type { Controller } from '../controller/controller.ts';
import type { ScrapeSources } from './metrics.ts';
import {
  agentQueueSamples,
  agentSlotSamples,
  agentSlotTakenSamples,
  causeSamples,
  ledgerSamples,
  oldestQueuedSamples,
  taskSamples,
} from './samples.ts';

const CACHED = Object.keys(PROJECTIONS) as readonly (Kind & keyof typeof PROJECTIONS)[];

/** What the metrics ask of the cache and the controller at each scrape. */
export function scrapeSources(
  namespaces: readonly string[],
  clock: Pick<Clock, 'now'>,
  store: Pick<Store, 'list' | 'count' | 'get'>,
  controller: Pick<Controller, 'counts'>,
): ScrapeSources {
  return {
    tasks: () => taskSamples(store.list('Task'), namespaces),
    causes: () => causeSamples(store.list('Task')),
    agentQueue: () => agentQueueSamples(controller.counts().lines),
    agentQueueOldest: () => oldestQueuedSamples(store.list('Task'), clock.now()),
    agentSlots: () => agentSlotSamples(controller.counts().lines),
    agentSlotsTaken: () => agentSlotTakenSamples(controller.counts().lines),
    isOwnerThere: ({ namespace, agent }) =>
      (agent !== '' && store.get({ kind: 'Agent', namespace, name: agent }) !== undefined) || !store.list('Task', namespace).next().done,
    ledgers: () => ledgerSamples(controller.counts().ledgers),
    cacheObjects: () => CACHED.map((kind) => ({ labels: { kind }, value: store.count(kind) })),
    lastDecisionSeconds: () => {
      const { lastDecisionAtMs } = controller.counts();
      return lastDecisionAtMs === undefined ? undefined : lastDecisionAtMs / 1_000;
    },
    workQueueDepth: () => controller.counts().depth,
    activeWorkers: () => controller.counts().active,
    unfinishedSeconds: () => controller.counts().unfinishedSeconds,
    longestRunningSeconds: () => controller.counts().longestRunningSeconds,
  };
}
