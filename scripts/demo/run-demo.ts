import type { Task } from '#core/api/task.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import type { Engine } from '#host/engine/engine.ts';
import type { HostConfig } from '#host/flags.ts';
import { runHost } from '#host/host.ts';
import type { LogFields } from '#host/observe/log.ts';
import { ROOT } from '../build/paths.ts';
import { readManifests } from './manifests.ts';
import { pacedRun, type Wait } from './pace.ts';
import { type End, faultsOf, summaryLine, summaryTable, taskEnds } from './summary.ts';
import { createTell, followWorld, type Tell } from './timeline.ts';

const EXAMPLES = 'host/manifests/examples';
const NAMESPACE = 'default';
/** Ends of the examples; those that are not named end Completed. */
const EXPECTED: Readonly<Record<string, End>> = { failing: 'Failed', endless: 'Stopped' };
/** The example that a user stops, and when: so long after it began to run. */
const STOPPED = { name: 'endless', afterMs: 4_000 } as const;
/** As long as kubectl takes for an object: who refers to what comes later waits for it. */
const APPLY_EVERY_MS = 50;
/** All is over long before; a Task that is not done by then never will be. */
const HORIZON_MS = 10 * 60_000;
/** For what is still done after the last Task has ended, such as the release of its Pod. */
const SETTLE_MS = 3_000;

export interface DemoOptions {
  readonly engine: Engine;
  /** Where the timeline and the summary go. */
  readonly write: (text: string) => void;
  readonly isColored: boolean;
  /** Seconds of the demo in a second of the wall clock; 0: as fast as it goes. */
  readonly speed: number;
  /** Real waiting between the steps. */
  readonly wait: Wait;
}

/** Runs the examples through the real host and core.wasm on a cluster in memory, telling what happens. Resolves to what did not end as it should: empty when all did. */
export async function runDemo({ engine, write, isColored, speed, wait }: DemoOptions): Promise<readonly string[]> {
  const world = createWorld({ nodes: ['node-1', 'node-2'].map((name) => ({ name, pods: 10 })) });
  const tell = createTell(world, { write, isColored });
  followWorld(world, tell);
  const shutdown = new AbortController();
  const host = startHost(world, engine, tell, shutdown.signal);
  stopWhenItRuns(world, tell);
  world.clock.after(1_000, () => applyExamples(world, tell));
  const beginMs = world.clock.now();
  const allAppliedMs = beginMs + 1_000 + APPLY_EVERY_MS * readManifests(`${ROOT}${EXAMPLES}`, NAMESPACE).length;
  const isOver = (): boolean => world.clock.now() > allAppliedMs && taskEnds(world).every(({ end }) => end !== 'unfinished');
  await pacedRun(world.clock, { isOver, endMs: beginMs + HORIZON_MS, speed, wait });
  await pacedRun(world.clock, { isOver: () => false, endMs: world.clock.now() + SETTLE_MS, speed, wait });
  shutdown.abort(new Error('the demo is over'));
  await world.clock.advance(1_000);
  tell('host', `has ended: ${await host}`);
  const ends = taskEnds(world);
  write(`\n${summaryTable(ends)}\n${summaryLine(ends)}\n`);
  return [...faultsOf(ends, EXPECTED), ...leftBehind(world)];
}

/** The host with all its parts, the lease too, but without ports. */
function startHost({ client, clock }: World, engine: Engine, tell: Tell, shutdown: AbortSignal): Promise<string> {
  const nothing = { ok: true, value: null } as const;
  const config: HostConfig = {
    namespaces: [],
    leaderElection: {
      enabled: true,
      leaseName: 'task-controller.kubeopencode.io',
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2_000,
    },
    metricsAddress: 'off',
    healthAddress: 'off',
    logLevel: 'info',
    unreachableAfterSeconds: 300,
    referenceGraceSeconds: 60,
    maxConcurrentReconciles: 32,
  };
  const trouble = (message: string): void => tell('host', message, 'red');
  const parts = {
    clock,
    cluster: client('host'),
    leaseCluster: client('host'),
    engine,
    sessions: { summary: () => Promise.resolve(nothing), abort: () => Promise.resolve(nothing) },
    log: {
      debug: () => {},
      info: (message: string) => {
        if (message === 'leading') tell('host', `leads, and decides with core ${engine.digest.slice(0, 19)}`);
      },
      warn: (message: string, fields: LogFields = {}) => {
        // A new leader lists a quiet kind again to be sure that it has seen everything.
        if (fields.reason !== 'Refresh') trouble(message);
      },
      error: trouble,
      enabled: (): boolean => false,
    },
    identity: 'demo',
    leaseNamespace: NAMESPACE,
    version: 'demo',
  };
  return runHost(config, parts, shutdown);
}

function applyExamples(world: World, tell: Tell): void {
  tell('you', `kubectl apply -f ${EXAMPLES}`, 'bold');
  for (const [index, manifest] of readManifests(`${ROOT}${EXAMPLES}`, NAMESPACE).entries()) {
    world.clock.after(index * APPLY_EVERY_MS, () => world.apply(manifest));
  }
}

function stopWhenItRuns({ clock, client, server }: World, tell: Tell): void {
  const you = client('you');
  server.store.listen('Task', ({ object, previous }) => {
    const { metadata, status } = object as typeof object & Task;
    if (metadata.name !== STOPPED.name || status?.phase !== 'Running' || previous?.status?.phase === 'Running') return;
    clock.after(STOPPED.afterMs, () => {
      tell('you', `kubectl annotate task ${STOPPED.name} ${ANNOTATIONS.stop}=true`, 'bold');
      const patch = { metadata: { annotations: { [ANNOTATIONS.stop]: 'true' } } };
      void you.patch({ kind: 'Task', namespace: NAMESPACE, name: STOPPED.name }, patch, { patchType: 'merge' });
    });
  });
}

/** Pods that a finalizer or a Task that has ended still holds are a fault. */
function leftBehind({ server }: World): string[] {
  return server.store.sorted('Pod').flatMap(({ metadata, status }) => {
    const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    const finalizers = metadata.finalizers ?? [];
    if (hasEnded && finalizers.length === 0) return [];
    return [
      `pod ${metadata.name}: expected it to have ended and to be free, got ${String(status?.phase)} with finalizers [${finalizers.join(', ')}]`,
    ];
  });
}
