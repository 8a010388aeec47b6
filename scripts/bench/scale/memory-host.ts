import type { Cluster, Result } from '#host/cluster/cluster.ts';
import { ApiServer } from '#host/cluster/memory/api-server.ts';
import { MemoryCluster } from '#host/cluster/memory/memory-cluster.ts';
import { openCaches } from '#host/controller/caches.ts';
import { createController } from '#host/controller/controller.ts';
import type { Engine } from '#host/engine/engine.ts';
import { VirtualClock } from '#host/virtual-clock.ts';

/** Caches and controller on an API server in memory, without any account of what they did: nothing but them is to be measured. */
export interface MemoryHost {
  readonly clock: VirtualClock;
  readonly server: ApiServer;
  /** How often it has written, Events included. */
  writes(): number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const START_MS = 10_000;

export function memoryHost(engine: Engine): MemoryHost {
  const clock = new VirtualClock();
  const server = new ApiServer({ clock });
  const life = new AbortController();
  let writes = 0;
  const cluster = overTheWire(new MemoryCluster(server, { client: 'host' }), () => {
    writes += 1;
  });
  const settings = { referenceGraceSeconds: 60, unreachableAfterSeconds: 300 };
  const nobody = async (): Promise<Result<null>> => ({ ok: true, value: null });
  const silent = (): void => {};
  let stop = async (): Promise<void> => {};
  return {
    clock,
    server,
    writes: () => writes,
    start: async () => {
      const caches = openCaches({ cluster, clock, signal: life.signal });
      const controller = createController({
        ...{ cluster, clock, engine, caches, settings },
        sessions: { summary: nobody, abort: nobody },
        log: { debug: silent, info: silent, warn: silent, error: silent, enabled: () => false },
        identity: 'host',
      });
      stop = () => controller.stop();
      void controller.start(life.signal);
      await clock.advance(START_MS);
    },
    stop: async () => {
      life.abort(new Error('the measurement is over'));
      await stop();
    },
  };
}

/** Every object is read from JSON text, as it comes from a real API server: nothing is shared with the server's own. */
function overTheWire(cluster: Cluster, onWrite: () => void): Cluster {
  const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
  const written = <T>(value: T): T => {
    onWrite();
    return copy(value);
  };
  return {
    list: async (options, signal) => copy(await cluster.list(options, signal)),
    async *watch(options, signal) {
      for await (const event of cluster.watch(options, signal)) yield copy(event);
    },
    get: async (address, signal) => copy(await cluster.get(address, signal)),
    create: async (object, how, signal) => written(await cluster.create(copy(object), how, signal)),
    replace: async (object, signal) => written(await cluster.replace(copy(object), signal)),
    patch: async (address, patch, options, signal) => written(await cluster.patch(address, copy(patch), options, signal)),
    delete: async (address, options, signal) => written(await cluster.delete(address, options, signal)),
    logs: (address, options, signal) => cluster.logs(address, options, signal),
    followLogs: (address, options, signal) => cluster.followLogs(address, options, signal),
  };
}
