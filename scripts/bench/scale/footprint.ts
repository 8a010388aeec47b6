import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Engine } from '#host/engine/engine.ts';
import { copyOf, type Life } from './lives.ts';
import { memoryHost } from './memory-host.ts';

/** Bytes of heap that caches and controller take for each Task, once all is decided: what the second thousands add to the first. */
export async function bytesEach(engine: Engine, life: Life, withPod: boolean, count: number): Promise<number> {
  const few = count / 5;
  return ((await heapOf(engine, life, withPod, count)) - (await heapOf(engine, life, withPod, few))) / (count - few);
}

async function heapOf(engine: Engine, life: Life, withPod: boolean, count: number): Promise<number> {
  const host = memoryHost(engine);
  load(host.server, life, withPod, count);
  const before = usedBytes();
  await host.start();
  const bytes = usedBytes() - before;
  await host.stop();
  return bytes;
}

export interface DecidedAgain {
  readonly decisions: number;
  readonly cpuSeconds: number;
  /** None is due. */
  readonly writes: number;
}

/** Has so many Tasks decided again, by a change of the configuration. The CPU is that of the host and of the API server in memory. */
export async function decideAgain(engine: Engine, life: Life, count: number): Promise<DecidedAgain> {
  let decisions = 0;
  const host = memoryHost({
    digest: engine.digest,
    decide: (snapshot) => {
      decisions += 1;
      return engine.decide(snapshot);
    },
  });
  load(host.server, life, true, count);
  await host.start();
  decisions = 0;
  const [writes, before] = [host.writes(), process.cpuUsage()];
  host.server.load(CONFIG);
  await host.clock.advance(10_000);
  const { user, system } = process.cpuUsage(before);
  await host.stop();
  return { decisions, cpuSeconds: (user + system) / 1e6, writes: host.writes() - writes };
}

/** Another domain changes what a Pod would look like: all that stands on the settings is to be decided anew. */
const CONFIG: KubernetesObject & { readonly kind: Kind; readonly spec: object } = {
  apiVersion: 'kubeopencode.io/v1alpha1',
  kind: 'KubeOpenCodeConfig',
  metadata: { name: 'cluster' },
  spec: { clusterDomain: 'example.org' },
};

function load(server: ReturnType<typeof memoryHost>['server'], life: Life, withPod: boolean, count: number): void {
  for (let index = 0; index < count; index++) {
    const copy = copyOf(life, index);
    server.load({ ...(JSON.parse(copy.task) as KubernetesObject), kind: 'Task' });
    if (withPod) server.load({ ...(JSON.parse(copy.pod) as KubernetesObject), kind: 'Pod' });
  }
}

function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
