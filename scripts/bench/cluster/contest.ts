import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Member } from '../../cluster/process-group.ts';
import { type ClientCounts, callsOf, countCalls } from './audit.ts';
import type { BenchCluster, Contestant } from './bench-cluster.ts';
import { createAll } from './create.ts';
import { History } from './history.ts';
import { highestBound } from './metrics-text.ts';
import { podsOf } from './objects.ts';
import { resetPeak, usageOf } from './process-usage.ts';
import { watchAll } from './watch.ts';

/** After the last end: Events and what else is written behind it. */
const SETTLE_MS = 3_000;
const POLL_MS = 25;

/** Objects that one controller is given. */
export interface Load {
  readonly namespace: string;
  /** Path of the collection. */
  readonly collection: string;
  readonly count: number;
  readonly make: (index: number) => KubernetesObject;
  /** Absent: as fast as the API server takes them. */
  readonly perSecond?: number;
  /** Whole of them that end after this are not waited for. */
  readonly timeoutMs: number;
}

/** What became of a load. */
export interface Contest {
  readonly history: History;
  readonly count: number;
  /** From the first that was sent to the last end. */
  readonly seconds: number;
  /** null: no /proc. */
  readonly cpuSeconds: number | null;
  readonly peakMiB: number | null;
  /** CPU of all that is not the controller: the API server, its etcd, the scheduler, kwok. null: no /proc. */
  readonly clusterCpuSeconds: number | null;
  /** No key waited longer in the work queue, in milliseconds: the bound of a bucket of the histogram. */
  readonly longestQueueWaitMs: number | null;
  readonly calls: ClientCounts;
}

/** Gives a controller its load, waits until all of it has ended, and counts what that took. */
export async function contest({ controlPlane }: BenchCluster, rival: Contestant, load: Load): Promise<Contest> {
  const { access, api, auditLog, group } = controlPlane;
  const { namespace, collection, count, make, perSecond, timeoutMs } = load;
  const history = new History();
  const objects = await watchAll(access, collection, (object) => history.object(object, performance.now()));
  const pods = await watchAll(access, podsOf(namespace), (object) => history.pod(object, performance.now()));
  try {
    resetPeak(rival.pid);
    const [fromByte, metrics, usage] = [statSync(auditLog).size, await rival.metrics(), usageOf(rival.pid)];
    const cluster = group.members().filter(({ pid }) => pid !== rival.pid);
    const clusterUsage = cpuSecondsOf(cluster);
    const startedMs = performance.now();
    const created = createAll(api, collection, count, make, {
      ...(perSecond === undefined ? {} : { perSecond }),
      onSend: (index) => history.sent(make(index).metadata.name, performance.now()),
    });
    await Promise.race([allEnded(history, count, rival, startedMs + timeoutMs), objects.failed, pods.failed, thrown(created)]);
    await created;
    const seconds = ((history.finished === count ? history.lastEndMs : performance.now()) - startedMs) / 1_000;
    await sleep(SETTLE_MS);
    const [after, clusterAfter] = [usageOf(rival.pid), cpuSecondsOf(cluster)];
    const wait = highestBound(metrics, await rival.metrics(), 'workqueue_queue_duration_seconds', rival.queueLabels);
    return {
      history,
      count,
      seconds,
      cpuSeconds: usage === null || after === null ? null : after.cpuSeconds - usage.cpuSeconds,
      peakMiB: after?.peakMiB ?? null,
      clusterCpuSeconds: clusterUsage === null || clusterAfter === null ? null : clusterAfter - clusterUsage,
      longestQueueWaitMs: wait === null ? null : wait * 1_000,
      calls: callsOf(await countCalls(auditLog, fromByte, statSync(auditLog).size), rival.userAgent),
    };
  } finally {
    await Promise.all([objects.close(), pods.close()]);
  }
}

/** null: one has ended, or there is no /proc. */
function cpuSecondsOf(members: readonly Member[]): number | null {
  return members.reduce<number | null>((sum, { pid }) => {
    const usage = usageOf(pid);
    return sum === null || usage === null ? null : sum + usage.cpuSeconds;
  }, 0);
}

async function allEnded(history: History, count: number, rival: Contestant, deadlineMs: number): Promise<void> {
  while (history.finished < count && performance.now() < deadlineMs) {
    rival.check();
    await sleep(POLL_MS);
  }
}

/** Only its failure ends a race. */
async function thrown(work: Promise<void>): Promise<never> {
  await work;
  return new Promise(() => {});
}
