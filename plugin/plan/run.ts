import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Action } from '#core/contract/decision.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Subject } from '#core/contract/snapshot.ts';
import { timestamp } from '#host/clock.ts';
import type { Address, Cluster } from '#host/cluster/cluster.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { World } from '#host/cluster/memory/world.ts';
import { openCaches } from '#host/controller/caches.ts';
import { createController } from '#host/controller/controller.ts';
import type { ControllerHooks } from '#host/controller/hooks.ts';
import type { Engine } from '#host/engine/engine.ts';
import type { PlannedObject } from '../input/objects.ts';
import { withRemovals } from './applied-before.ts';
import type { Assumption } from './assumptions.ts';
import { followTasks } from './follow.ts';
import type { ActionResult, Applied, PlanRecord, PlanRun } from './record.ts';
import { WitnessedCluster } from './witness.ts';
import { createPlanWorld } from './world.ts';

export interface RunOptions {
  readonly engine: Engine;
  readonly horizonMs: number;
  /** How every Pod ends; absent: as its labels say. */
  readonly assume?: Assumption;
  /** How long every agent runs; absent: as its labels say. */
  readonly runForMs?: number;
  /** When the plan begins, milliseconds since the epoch. Default: a fixed moment, so that plans of files repeat to the letter. */
  readonly startMs?: number;
}

export interface RunInput extends RunOptions {
  /** From the files, in their order; their Tasks are planned. */
  readonly objects: readonly PlannedObject[];
  /** What the cluster holds, as it stores it. */
  readonly stored?: readonly StoredObject[];
  /** Tasks among these to be planned, too. */
  readonly subjects?: readonly Subject[];
  /** Told of each object that was looked for and is not there. */
  readonly onMissing?: (address: Address) => void;
}

/** For what is still done after the last Task has ended, such as the release of its Pod. */
const SETTLE_MS = 5_000;
/** The settings that the host has by default. */
const SETTINGS = { referenceGraceSeconds: 60, unreachableAfterSeconds: 300 } as const;

/** Runs the host's own controller on a cluster in memory, in virtual time, until every Task of the plan has ended or the horizon is reached. */
export async function runPlan(input: RunInput): Promise<PlanRun> {
  const { objects, stored, subjects = [], horizonMs } = input;
  const world = createPlanWorld(input);
  const { clock } = world;
  const beginMs = clock.now();
  const applied = objects.map((object) => applyOne(world, object));
  const ofFiles = applied.flatMap(({ kind, after }) => (kind === 'Task' ? [subjectOf(after)] : []));
  const followed = followTasks(world, [...ofFiles, ...subjects], beginMs);
  const observed = observe(world, beginMs, input.onMissing);
  const stop = startController(world, input.engine, observed);
  await clock.runUntil(followed.isOver, beginMs + horizonMs);
  await clock.advance(Math.min(SETTLE_MS, Math.max(0, beginMs + horizonMs - clock.now())));
  stop();
  return {
    core: input.engine.digest,
    source: stored === undefined ? 'files' : objects.length === 0 ? 'cluster' : 'files and cluster',
    assume: input.assume ?? 'as labelled',
    horizonMs,
    startsAt: timestamp(beginMs),
    knownUids: new Set([...(stored ?? []).map(({ metadata }) => metadata.uid), ...subjects.map(({ uid }) => uid)]),
    applied,
    records: observed.records,
    tasks: followed.tasks(),
  };
}

function applyOne(world: World, object: PlannedObject): Applied {
  const { kind, metadata } = object;
  const { namespace = '' } = metadata;
  const before = metadata.name === undefined ? undefined : world.server.find({ kind, namespace, name: metadata.name });
  const after = world.apply(before === undefined ? object : withRemovals(object, before));
  return { kind, namespace, name: after.metadata.name, ...(before === undefined ? {} : { before }), after };
}

function subjectOf({ metadata }: KubernetesObject): Subject {
  return { namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid ?? '' };
}

/** What is seen of a run: its hooks, its way to the cluster, and the records that come of both. */
interface Observed {
  readonly hooks: ControllerHooks;
  readonly cluster: Cluster;
  readonly records: readonly PlanRecord[];
}

interface UnderWay {
  readonly record: PlanRecord;
  readonly results: Map<string, ActionResult>;
  /** Whether any write of it was tried. */
  hasActed: boolean;
}

/** What it stood on changed while it was made, so the controller has decided again and done nothing of it. */
function isOvertaken({ record: { decided }, hasActed }: UnderWay): boolean {
  return !hasActed && !('fault' in decided) && decided.actions.some(isWrite);
}

function isWrite({ type }: Action): boolean {
  return type === 'Create' || type === 'Patch' || type === 'Delete';
}

function observe(world: World, beginMs: number, onMissing: RunInput['onMissing']): Observed {
  const records: PlanRecord[] = [];
  /** Each subject's last decision, by UID: it has one under way at a time. */
  const current = new Map<string, UnderWay>();
  /** The patch of each object that was not told of yet. */
  const patched = new Map<string, ActionResult>();
  const cluster = new WitnessedCluster(world.server, 'plan', (address, before, after) =>
    patched.set(keyOf(address), { type: 'Patched', before, after }),
  );
  const hooks: ControllerHooks = {
    decided: (subject, { type, snapshot, ...rest }) => {
      for (const [key, answer] of Object.entries(snapshot.read)) if ('absent' in answer) onMissing?.(addressOf(key));
      const before = current.get(subject.uid);
      if (before !== undefined && isOvertaken(before)) records.splice(records.lastIndexOf(before.record), 1);
      const results = new Map<string, ActionResult>();
      const decided = 'decided' in rest ? rest.decided : { fault: rest.fault.message };
      const record = { atMs: world.clock.now() - beginMs, subject, snapshot, decided, results };
      current.set(subject.uid, { record, results, hasActed: false });
      records.push(record);
    },
    acted: ({ uid }, action, { result, reason, message }) => {
      const underWay = current.get(uid);
      const results = underWay?.results;
      if (underWay !== undefined && isWrite(action)) underWay.hasActed = true;
      if (action.type === 'Patch' && result === 'ok') {
        const seen = patched.get(keyOf(action.ref));
        if (seen !== undefined) results?.set(action.id, seen);
      }
      if (result !== 'ok' && reason !== 'AlreadyExists') results?.set(action.id, { type: 'Refused', message: message ?? reason ?? result });
    },
  };
  return { hooks, cluster, records };
}

function startController({ clock }: World, engine: Engine, { cluster, hooks }: Observed): () => void {
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

function keyOf({ kind, namespace, name }: Address): string {
  return `${kind}/${namespace}/${name}`;
}

/** Keys of reads are `Kind/namespace/name`, with `?live` behind a live one. */
function addressOf(key: string): Address {
  const [kind = '', namespace = '', name = ''] = key.replace(/\?live$/, '').split('/');
  return { kind: kind as Kind, namespace, name };
}
