import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { ApiClient } from '../../cluster/api.ts';

const WORKERS = 16;

/** Creates so many objects as fast as the API server takes them, or so many a second. `onCreated` is told before each is sent. */
export async function createAll(
  api: ApiClient,
  collection: string,
  count: number,
  make: (index: number) => KubernetesObject,
  options: { readonly perSecond?: number; readonly onSend?: (index: number) => void } = {},
): Promise<void> {
  const { perSecond, onSend } = options;
  const startedMs = performance.now();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      if (perSecond !== undefined) await sleep(Math.max(0, startedMs + (1_000 * index) / perSecond - performance.now()));
      onSend?.(index);
      await api.expect('POST', collection, make(index));
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
}
