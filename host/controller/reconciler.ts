import type { Task } from '#core/api/task.ts';
import { assertNever, type Decided } from '#core/contract/decision.ts';
import { isFinished, tellsOfPod } from '#core/contract/ended.ts';
import type { Ref, Settings, Snapshot } from '#core/contract/snapshot.ts';
import type { Clock } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import type { Log } from '../observe/log.ts';
import { earliest } from './alarm.ts';
import { type Applied, type ApplyOptions, applyAll } from './apply.ts';
import type { Caches } from './caches.ts';
import { type Deliberation, deliberate, type Fault } from './deliberate.ts';
import type { Interest } from './dependents.ts';
import type { Effects } from './effects.ts';
import { faultPatch, recoveryPatch } from './engine-error.ts';
import { type Gathered, gather } from './facts.ts';
import type { ControllerHooks } from './hooks.ts';
import { forget, type Knowledge } from './knowledge.ts';
import { logDeliberation } from './log-decision.ts';
import { objectionTo } from './permitted.ts';
import type { Reader } from './reader.ts';
import { taskPriority } from './routes.ts';
import type { Starts } from './starts.ts';
import { type SubjectKey, subjectOf } from './subject.ts';
import { TimeSlices } from './time-slices.ts';
import type { Priority } from './work-queue.ts';

/** A core that asks to be woken at a time that it has seen already would never let go: it is asked again after this. */
const SHORTEST_WAKE_MS = 1_000;

/** What the work on a key came to. */
export type Reconciled =
  | { readonly type: 'Done' }
  | { readonly type: 'WakeAt'; readonly atMs: number; readonly priority: Priority }
  /** Nothing was decided: our own writes are not visible yet. */
  | { readonly type: 'Waits'; readonly untilMs: number }
  | { readonly type: 'Failed'; readonly message: string }
  /** Nothing could be decided, because the API server could not be asked. */
  | { readonly type: 'Unavailable'; readonly message: string; readonly retryAfterMs?: number }
  /** Nothing of it is left, or it is another host's. */
  | { readonly type: 'Forgotten' };

/** Wait before it is asked again whose a Task is that the watch shows as ours and a live read does not, in milliseconds. */
const FOREIGN_RELOOK_MS = 60_000;

export interface ReconcilerOptions {
  readonly caches: Pick<Caches, 'store'>;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly log: Log;
  readonly hooks: ControllerHooks;
  readonly knowledge: Knowledge;
  readonly reader: Reader;
  readonly starts: Pick<Starts, 'announce'>;
  readonly effects: Pick<Effects, 'forget'>;
  readonly apply: ApplyOptions;
  settings(): Settings;
  /** These are to be decided again. */
  wake(keys: readonly SubjectKey[]): void;
  /** The subject was decided, or proved undecidable: what it holds is known. */
  onDecided(key: SubjectKey): void;
}

/** One subject at a time, from its facts to what was done. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #slices: TimeSlices;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#slices = new TimeSlices(options.clock);
  }

  /** `reconcileID` tells in log, journal and trace what belongs together. */
  async reconcile(key: SubjectKey, reconcileID: number): Promise<Reconciled> {
    const { caches, clock, knowledge, reader, settings } = this.#options;
    const sources = { ...knowledge, store: caches.store, reader, settings, now: () => clock.now() };
    let gathered = await gather(sources, subjectOf(key));
    // Asked right before the decision; facts that were waited on are gathered again.
    for (let turn = this.#slices.turn(); gathered.type === 'Facts' && turn !== undefined; turn = this.#slices.turn()) {
      await turn;
      gathered = await gather(sources, subjectOf(key));
    }
    switch (gathered.type) {
      case 'Waits':
        return gathered;
      case 'Unavailable':
        return unavailable(gathered);
      case 'Gone':
      case 'Foreign':
        return this.#forgotten(key, gathered.type);
      case 'Facts': {
        const deliberation = await this.#deliberate(key, gathered.facts, reconcileID);
        if (deliberation === null) return { type: 'WakeAt', atMs: clock.now(), priority: 'start' };
        return deliberation.type === 'Decided'
          ? this.#carryOut(key, deliberation.snapshot, deliberation.decided, reconcileID)
          : this.#faulted(key, deliberation.snapshot, deliberation.fault);
      }
      default:
        return assertNever(gathered);
    }
  }

  /** null: what the decision stands on has changed meanwhile, so it is none. A place must not be asked for, or taken, by limits that hold no more. */
  async #deliberate(key: SubjectKey, facts: Omit<Snapshot, 'read'>, reconcileID: number): Promise<Deliberation | null> {
    const { clock, engine, hooks, knowledge, log, reader } = this.#options;
    const startedMs = clock.monotonic();
    knowledge.dependents.begin(key);
    const expected = reader.expected(facts);
    const asked: Ref[] = [...expected.refs];
    if (asked.length > 0) knowledge.dependents.set(key, asked);
    const think = (given: Omit<Snapshot, 'read'>, known: Snapshot['read']): Promise<Deliberation> =>
      deliberate(
        { decide: (snapshot) => engine.decide(snapshot, { reconcileID }) },
        given,
        (refs) => {
          asked.push(...refs);
          // Before it is read: what changes while the core thinks must not be missed.
          knowledge.dependents.set(key, asked);
          return reader.read(facts.subject, refs);
        },
        known,
      );
    const first = await think(facts, expected.read);
    const deliberation = judge(
      isOfAnotherLine(first, knowledge.places.lineOf(key)) ? await think(ungranted(facts), first.snapshot.read) : first,
    );
    const isAboutPlace = deliberation.type === 'Decided' && deliberation.decided.queue !== undefined;
    if (isAboutPlace && knowledge.dependents.isOvertaken(key)) return null;
    logDeliberation(log, deliberation, reconcileID, clock.monotonic() - startedMs);
    hooks.decided?.(facts.subject, deliberation);
    return deliberation;
  }

  async #carryOut(key: SubjectKey, snapshot: Snapshot, decided: Decided, reconcileID: number): Promise<Reconciled> {
    const { apply, clock, effects, knowledge, log, starts, wake, onDecided } = this.#options;
    const { task, outcomes } = snapshot;
    // What is kept for a Task goes with it.
    if (task === null) effects.forget(key);
    knowledge.dependents.set(key, decided.dependsOn, interestOf(task, decided));
    // Before anybody else is granted a place: a start that is only decided counts already.
    const withdrawals = decided.actions.flatMap((action) => (action.type === 'RecordStart' ? [starts.announce(action)] : []));
    wake(knowledge.places.decided(key, decided.queue, snapshot.granted, clock.now()));
    onDecided(key);
    // Taken back alone: the decision's own patches carry a list of conditions that still has it.
    const recovery = task === null ? null : recoveryPatch(task, clock.now());
    const applied = await applyAll(apply, snapshot, recovery === null ? decided.actions : [recovery]).finally(() => {
      for (const withdraw of withdrawals) withdraw();
    });
    if (applied.type === 'StoppedAt') return { type: 'Failed', message: textOf(applied) };
    if (applied.type === 'Overtaken') {
      const { namespace, name, uid } = snapshot.subject;
      log.info('left out the rest of a decision: its Task has changed since', {
        controller: 'task',
        namespace,
        name,
        uid,
        reconcileID,
        from: applied.from,
      });
    }
    // What was done of it is an outcome that the next decision sees.
    if (applied.type === 'Overtaken' || recovery !== null) return { type: 'WakeAt', atMs: clock.now(), priority: 'start' };
    wake(knowledge.places.applied(key, clock.now()));
    const isOver = task !== null && isFinished(task) && decided.actions.length === 0;
    if (isOver) knowledge.outcomes.close(key, outcomes);
    else knowledge.outcomes.settle(key, outcomes, (actionId) => task === null || tellsOfPod(task, actionId));
    const atMs = earliest(this.#wakeAtMs(snapshot, decided), this.#patienceEndsMs(key));
    return atMs === undefined ? { type: 'Done' } : { type: 'WakeAt', atMs, priority: task === null ? 'end' : taskPriority(task) };
  }

  #wakeAtMs(snapshot: Snapshot, { wakeAt }: Decided): number | undefined {
    if (wakeAt === undefined) return undefined;
    const atMs = Date.parse(wakeAt);
    return atMs > Date.parse(snapshot.now) ? atMs : this.#options.clock.now() + SHORTEST_WAKE_MS;
  }

  /** The watch brings what was written just now. Should it not, or should it have brought another's write in its place, nobody else would ask. */
  #patienceEndsMs(key: SubjectKey): number | undefined {
    const { clock, knowledge } = this.#options;
    if (knowledge.pending.isWrittenOver(key)) return clock.now();
    const standing = knowledge.pending.standing(key, clock.now());
    return standing.type === 'Waits' ? standing.untilMs : undefined;
  }

  /** A core that fails on one Task costs that Task a condition, and is asked again with backoff. */
  async #faulted(key: SubjectKey, snapshot: Snapshot, fault: Fault): Promise<Reconciled> {
    const { apply, clock, knowledge, wake, onDecided } = this.#options;
    wake(knowledge.places.undecided(key, clock.now()));
    onDecided(key);
    const patch = snapshot.task === null ? null : faultPatch(snapshot.task, fault, clock.now());
    if (patch !== null) await applyAll(apply, snapshot, [patch]);
    return { type: 'Failed', message: `${fault.cause}: ${fault.message}` };
  }

  #forgotten(key: SubjectKey, why: 'Gone' | 'Foreign'): Reconciled {
    const { caches, clock, effects, knowledge, wake, onDecided } = this.#options;
    const { namespace, name, uid } = subjectOf(key);
    effects.forget(key);
    const isStillShown = caches.store.get({ kind: 'Task', namespace, name })?.metadata.uid === uid;
    wake(forget(knowledge, key, isStillShown, clock.now()));
    onDecided(key);
    // Given back to us before the watch has shown that it had gone over to another host, it looks as it did: then no event ever tells.
    return why === 'Foreign' && isStillShown
      ? { type: 'WakeAt', atMs: clock.now() + FOREIGN_RELOOK_MS, priority: 'settled' }
      : { type: 'Forgotten' };
  }
}

/** Whether a decision stands on what its Task was told of its place in one line, and is about another: its spec names another Agent by now, whose places are not those. */
function isOfAnotherLine(deliberation: Deliberation, line: string | undefined): boolean {
  if (deliberation.type === 'Faulted' || deliberation.snapshot.granted === undefined) return false;
  const { queue } = deliberation.decided;
  return queue !== undefined && queue.key !== line;
}

/** The same of a Task that has not asked for a place yet. */
function ungranted({ granted: _, ...facts }: Omit<Snapshot, 'read'>): Omit<Snapshot, 'read'> {
  return facts;
}

function interestOf(task: Task | null, { queue }: Decided): Interest {
  if (queue?.state === 'Wants') return { type: 'Line', line: queue.key };
  return task !== null && isFinished(task) ? { type: 'Settled' } : { type: 'Subject' };
}

/** A decision with an action that must not be done is none: no part of it is carried out. */
function judge(deliberation: Deliberation): Deliberation {
  if (deliberation.type === 'Faulted') return deliberation;
  const { snapshot, decided, passes } = deliberation;
  const objection = decided.actions.map((action) => objectionTo(action, snapshot.subject)).find((found) => found !== null);
  if (objection === undefined) return deliberation;
  return { type: 'Faulted', snapshot, passes, fault: { cause: 'Nonsense', message: objection } };
}

function unavailable({ what, error }: Extract<Gathered, { type: 'Unavailable' }>): Reconciled {
  const retryAfterMs = error.type === 'Refused' ? error.retryAfterMs : undefined;
  return { type: 'Unavailable', message: `read ${what}: ${error.message}`, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

function textOf({ report }: Extract<Applied, { type: 'StoppedAt' }>): string {
  const answer = report.result === 'unknown' ? 'no usable answer' : 'refused';
  const status = [report.code, report.reason].filter((part) => part !== undefined).join(' ');
  return `${report.actionId}: ${answer}${status === '' ? '' : ` (${status})`}: ${report.message ?? 'nothing said why'}`;
}
