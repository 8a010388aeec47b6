import type { Task } from '#core/api/task.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { timestamp } from '#host/clock.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { World } from '#host/cluster/memory/world.ts';
import { openCaches } from '#host/controller/caches.ts';
import { createController } from '#host/controller/controller.ts';
import type { ControllerHooks } from '#host/controller/hooks.ts';
import type { Engine } from '#host/engine/engine.ts';
import type { PlannedObject } from '../input/objects.ts';
import type { Assumption } from './assumptions.ts';
import type { PlanRecord, PlanRun, PlanSubject, Refusal } from './model.ts';
import { createPlanWorld } from './world.ts';

export interface RunOptions {
  readonly engine: Engine;
  readonly horizonMs: number;
  /** How every Pod ends; absent: as its labels say. */
  readonly assume?: Assumption;
  /** How long every agent runs; absent: as its labels say. */
  readonly runForMs?: number;
}

export interface RunInput extends RunOptions {
  /** From the files, in their order. */
  readonly objects: readonly PlannedObject[];
  /** What the cluster holds, as it stores it. */
  readonly stored?: readonly StoredObject[];
  /** When the plan begins, milliseconds since the epoch. Default: a fixed moment, so that plans of files repeat to the letter. */
  readonly startMs?: number;
  /** Told of each object that was looked for and is not there. */
  readonly onMissing?: (address: { readonly kind: Kind; readonly namespace: string; readonly name: string }) => void;
}

type StoredTask = StoredObject & Task;

/** For what is still done after the last Task has ended, such as the release of its Pod. */
const SETTLE_MS = 5_000;
/** The settings that the host has by default. */
const SETTINGS = { referenceGraceSeconds: 60, unreachableAfterSeconds: 300 } as const;

/** Runs the host's own controller on a cluster in memory, in virtual time, until every Task of the files has ended or the horizon is reached. */
export async function runPlan(input: RunInput): Promise<PlanRun> {
  const world = createPlanWorld(input);
  const beginMs = world.clock.now();
  const subjects = input.objects.map((object) => world.apply(object)).filter((object) => object.kind === 'Task') as StoredTask[];
  const records: PlanRecord[] = [];
  const refusals: Refusal[] = [];
  const hooks: ControllerHooks = {
    decided: (subject, deliberation) => {
      const atMs = world.clock.now() - beginMs;
      for (const [key, answer] of Object.entries(deliberation.snapshot.read)) if ('absent' in answer) tellMissing(input, key);
      const decided = deliberation.type === 'Decided' ? deliberation.decided : { fault: deliberation.fault.message };
      records.push({ atMs, subject, snapshot: deliberation.snapshot, decided });
    },
    acted: (subject, action, outcome) => {
      if (outcome.result === 'ok' || outcome.reason === 'AlreadyExists') return;
      refusals.push({
        subject,
        actionId: action.id,
        atMs: world.clock.now() - beginMs,
        message: outcome.message ?? outcome.reason ?? outcome.result,
      });
    },
  };
  const watched = watchTasks(world, subjects, beginMs);
  const stop = startController(world, input.engine, hooks);
  const isOver = (): boolean => [...watched.values()].every(({ endedAtMs, deletedAtMs }) => (endedAtMs ?? deletedAtMs) !== undefined);
  await world.clock.runUntil(isOver, beginMs + input.horizonMs);
  await world.clock.advance(Math.min(SETTLE_MS, Math.max(0, beginMs + input.horizonMs - world.clock.now())));
  stop();
  return {
    core: input.engine.digest,
    source: input.stored === undefined ? 'files' : 'files and cluster',
    assume: input.assume ?? 'as labelled',
    horizonMs: input.horizonMs,
    startsAt: timestamp(beginMs),
    knownUids: new Set((input.stored ?? []).map(({ metadata }) => metadata.uid)),
    records,
    refusals,
    tasks: subjects.flatMap(({ metadata }) => watched.get(metadata.uid) ?? []),
  };
}

function startController(world: World, engine: Engine, hooks: ControllerHooks): () => void {
  const { clock } = world;
  const cluster = world.client('plan');
  const ended = new AbortController();
  const caches = openCaches({ cluster, clock, signal: ended.signal });
  const nothing = { ok: true, value: null } as const;
  const controller = createController({
    cluster,
    clock,
    engine,
    caches,
    sessions: { summary: () => Promise.resolve(nothing), abort: () => Promise.resolve(nothing) },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, enabled: () => false },
    identity: 'plan',
    settings: SETTINGS,
    hooks,
  });
  void controller.start(ended.signal);
  return () => ended.abort(new Error('the plan is made'));
}

/** Follows the Tasks of the plan, by UID: their last state, when they ended and when they went. */
function watchTasks({ server, clock }: World, tasks: readonly StoredTask[], beginMs: number): ReadonlyMap<string, PlanSubject> {
  const subjectOf = (task: StoredTask): PlanSubject => {
    const { namespace = '', name, uid } = task.metadata;
    return { namespace, name, uid, final: task, ...(isFinal(task) ? { endedAtMs: 0 } : {}) };
  };
  const watched = new Map(tasks.map((task) => [task.metadata.uid, subjectOf(task)]));
  server.store.listen('Task', ({ type, object }) => {
    const task = object as StoredTask;
    const before = watched.get(task.metadata.uid);
    if (before === undefined) return;
    const atMs = clock.now() - beginMs;
    const ended = before.endedAtMs === undefined && isFinal(task) ? { endedAtMs: atMs } : {};
    watched.set(task.metadata.uid, { ...before, final: task, ...ended, ...(type === 'DELETED' ? { deletedAtMs: atMs } : {}) });
  });
  return watched;
}

function isFinal(task: Task): boolean {
  return task.status?.phase === 'Completed' || task.status?.phase === 'Failed';
}

/** Keys of reads are `Kind/namespace/name`, with `?live` behind a live one. */
function tellMissing({ onMissing }: RunInput, key: string): void {
  const [kind, namespace = '', name = ''] = key.replace(/\?live$/, '').split('/');
  if (kind !== undefined) onMissing?.({ kind: kind as Kind, namespace, name });
}
