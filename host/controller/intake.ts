import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import type { Settings } from '#core/contract/snapshot.ts';
import type { TaskOutcome } from '#core/contract/task-outcome.ts';
import { jsonEqual } from '../cluster/json.ts';
import type { Store } from '../cluster/store.ts';
import type { StoreChange } from '../cluster/store-change.ts';
import { configOf } from './config-source.ts';
import type { ControllerMetrics } from './hooks.ts';
import type { Knowledge } from './knowledge.ts';
import { measure } from './measure.ts';
import { routesOf } from './routes.ts';
import type { Starts } from './starts.ts';
import { keyOfOrphan, keyOfOwner, keyOfTask, type SubjectKey, subjectOf } from './subject.ts';
import type { Priority } from './work-queue.ts';

export interface IntakeOptions {
  readonly store: Store;
  readonly knowledge: Knowledge;
  readonly starts: Pick<Starts, 'changed'>;
  readonly metrics: Pick<ControllerMetrics, 'taskFinished' | 'taskStarted' | 'attemptEnded'>;
  /** What the host's flags say. */
  readonly settings: Omit<Settings, 'config'>;
  add(key: SubjectKey, priority: Priority): void;
}

/** Turns what the watches bring into keys of the queue. */
export class Intake {
  readonly #options: IntakeOptions;
  #settings: Settings;
  #unsubscribe: () => void = () => {};

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#settings = { ...options.settings, config: configOf(options.store) };
  }

  /** As they stand now. The same object until they change. */
  get settings(): Settings {
    return this.#settings;
  }

  open(): void {
    const { store, knowledge } = this.#options;
    const endChanges = store.onChange((change) => this.#onChange(change));
    const endVersions = store.onVersion(({ kind, namespace, resourceVersion }) => {
      for (const key of knowledge.pending.seen(kind, namespace, resourceVersion)) this.#options.add(key, 'start');
    });
    this.#unsubscribe = () => {
      endChanges();
      endVersions();
    };
  }

  close(): void {
    this.#unsubscribe();
  }

  /** Adds everything that is there, what has not ended first. Returns the Tasks that have not. */
  seed(): readonly SubjectKey[] {
    const { store, knowledge, add } = this.#options;
    this.#settings = { ...this.#settings, config: configOf(store) };
    const unfinished: SubjectKey[] = [];
    for (const task of store.list('Task')) {
      const key = keyOfTask(task);
      if (key === undefined) continue;
      knowledge.finished.put(task);
      if (!isFinished(task)) unfinished.push(key);
      add(key, isFinished(task) ? 'settled' : 'initial');
    }
    // Pods whose Task went while nobody looked, with or without them, still bear our finalizer.
    for (const pod of store.list('Pod')) {
      const key = keyOfOwner(pod) ?? keyOfOrphan(pod);
      if (key !== undefined && store.byUid('Task', subjectOf(key).uid) === undefined) add(key, 'initial');
    }
    return unfinished;
  }

  #onChange(change: StoreChange): void {
    const { knowledge, starts, add } = this.#options;
    if (change.kind === 'KubeOpenCodeConfig') {
      this.#onConfig();
      return;
    }
    if (change.kind === 'Task') this.#onTask(change);
    if (change.kind === 'Agent' && change.type !== 'Added') starts.changed(change.type === 'Changed' ? change.after : change.before);
    const { subjects, ref } = routesOf(change);
    for (const { key, priority } of subjects) add(key, priority);
    if (ref === null) return;
    const affected = knowledge.dependents.affected(ref, isSpecChanged(change));
    for (const key of affected.subjects) {
      add(key, 'start');
      // One of a line that is just being decided: what it was granted stands on what was so before.
      const line = knowledge.places.lineOf(key);
      if (line !== undefined) for (const other of knowledge.places.recheck(line)) add(other, 'start');
    }
    for (const key of affected.settled) add(key, 'settled');
    for (const line of affected.lines) for (const key of knowledge.places.recheck(line)) add(key, 'start');
  }

  /** Other settings: everything is decided again. */
  #onConfig(): void {
    const { store, add } = this.#options;
    const config = configOf(store);
    // Its labels, its status, or a configuration of another name.
    if (jsonEqual(config, this.#settings.config)) return;
    this.#settings = { ...this.#settings, config };
    for (const task of store.list('Task')) {
      const key = keyOfTask(task);
      if (key !== undefined) add(key, isFinished(task) ? 'settled' : 'initial');
    }
  }

  /** Keeps the order of the finished Tasks, and adds those that have become one too many. */
  #onTask(change: StoreChange): void {
    const { knowledge, add } = this.#options;
    if (change.type === 'Removed') {
      const key = keyOfTask(change.before);
      if (key !== undefined) knowledge.finished.delete(key);
      return;
    }
    const outcome = knowledge.finished.put(change.after);
    if (outcome !== null) for (const key of this.#surplus(change.after.metadata.namespace ?? '', outcome)) add(key, 'settled');
    if (change.type === 'Changed') measure(this.#options.metrics, change.before as Task, change.after as Task);
  }

  /** Who became one too many when a Task of this outcome ended. */
  #surplus(namespace: string, outcome: TaskOutcome): readonly SubjectKey[] {
    const { finished } = this.#options.knowledge;
    const { cleanup } = this.#settings.config;
    const [retained, retainedOfOutcome] = [cleanup?.maxRetainedTasks, cleanup?.[`maxRetained${outcome}Tasks`]];
    return [
      retained === undefined ? undefined : finished.withEndedAfter(namespace, retained),
      retainedOfOutcome === undefined ? undefined : finished.withEndedAfter(namespace, retainedOfOutcome, outcome),
    ].filter((key) => key !== undefined);
  }
}

/** The API server counts changes of the spec in `generation`, where there is one. */
function isSpecChanged(change: StoreChange): boolean {
  if (change.type !== 'Changed') return true;
  const { generation } = change.after.metadata;
  return generation === undefined || generation !== change.before.metadata.generation;
}
