import type { ContainerState, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { Action, Decided, Decision } from '#core/contract/decision.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import { type Outcome, type Ref, refKey, type Settings, type Snapshot } from '#core/contract/snapshot.ts';
import { decide } from '#core/decide.ts';
import { applied } from './applied.ts';
import { CREATED, exited, NAMESPACE, snapshot, template } from './builders.ts';

/** How a container of a Pod may end. */
export type PodEnd = 'succeeds' | 'fails' | 'oom' | 'evicted before it started' | 'no room';

/**
 * One Task, its Pods and an API server that is just enough for them, for properties: the host carries out each decision as far as it is told to, and forgets what came of
 * it when it crashes. Time moves by whole seconds, because statuses have no finer ones.
 */
export class LittleWorld {
  task: Task;
  pods: readonly Pod[] = [];
  outcomes: readonly Outcome[] = [];
  nowMs = Date.parse('2026-01-01T10:00:00Z');
  /** Names of all Pods that were ever created, in order. */
  readonly created: string[] = [];
  readonly #settings: Settings;

  constructor(task: Task, settings: Settings) {
    this.task = task;
    this.#settings = settings;
  }

  get now(): string {
    return new Date(this.nowMs).toISOString();
  }

  /** Decides once and carries out at most so many actions; a crash forgets all outcomes. Returns the decision. */
  step(prefix: number): Decided {
    const decision = this.#decide();
    let rest = prefix;
    for (const action of decision.actions) {
      if (rest === 0) break;
      rest -= 1;
      if (!this.#carryOut(action)) break;
    }
    if (rest === 0) this.outcomes = [];
    return decision;
  }

  /** Decides until nothing is to be done now. Throws when that takes more than 30 decisions: nobody writes for ever. */
  settle(): Decided {
    for (let count = 0; count < 30; count += 1) {
      const decision = this.step(Number.POSITIVE_INFINITY);
      if (
        decision.actions.every(
          ({ type, id }) => (type === 'Event' || type === 'Effect') && this.outcomes.some(({ actionId }) => actionId === id),
        )
      )
        return decision;
    }
    throw new Error(`not settled after 30 decisions: ${JSON.stringify(this.task.status)}`);
  }

  /** Pods whose containers run, or may. */
  get live(): readonly Pod[] {
    return this.pods.filter((pod) => !isEnded(pod) && pod.spec.nodeName !== '');
  }

  /** The Pod that runs ends so; nothing where none runs. */
  end(how: PodEnd): void {
    const [pod] = this.live;
    if (pod !== undefined) this.#put(ended(pod, how, this.now));
  }

  /** Its kubelet ends the Pod that was asked to end. */
  obey(): void {
    for (const pod of this.live) {
      if (pod.metadata.deletionTimestamp !== undefined) {
        this.#put({
          ...ended(pod, 'fails', this.now),
          metadata: { ...pod.metadata, deletionTimestamp: seconds(this.now), deletionGracePeriodSeconds: 0 },
        });
      } else if (pod.spec.activeDeadlineSeconds !== undefined) {
        const over = ended(pod, 'fails', this.now);
        this.#put({ ...over, status: { ...over.status, reason: 'DeadlineExceeded' } });
      }
    }
  }

  /** Somebody deletes whatever there is. */
  deletePods(): void {
    for (const pod of this.pods) this.#delete(pod);
  }

  #decide(): Decided {
    let read: Snapshot['read'] = {};
    for (let pass = 0; pass < 8; pass += 1) {
      const decision: Decision = decide(this.#snapshot(read));
      if (decision.type === 'Decided') return decision;
      if (decision.type === 'Unusable') throw new Error(decision.message);
      read = { ...read, ...Object.fromEntries(decision.refs.map((ref) => [refKey(ref), this.#read(ref)])) };
    }
    throw new Error('more than 8 passes');
  }

  #snapshot(read: Snapshot['read']): Snapshot {
    const pods = [...this.pods].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    return snapshot({ task: this.task, pods, now: this.now, read, outcomes: this.outcomes, settings: this.#settings });
  }

  #read({ kind, name }: Ref): Snapshot['read'][string] {
    if (kind === 'AgentTemplate') return { found: template() };
    if (kind === 'Task') return { found: this.task };
    const pod = kind === 'Pod' ? this.pods.find((entry) => entry.metadata.name === name) : undefined;
    return pod === undefined ? { absent: true } : { found: pod };
  }

  /** Whether the next action may follow. */
  #carryOut(action: Action): boolean {
    switch (action.type) {
      case 'Patch':
        if (action.ref.kind === 'Task')
          this.task = applied(this.#snapshot({}), { type: 'Decided', actions: [action], dependsOn: [], reasons: [] }).task ?? this.task;
        else this.#patch(action.uid, action.patch);
        return true;
      case 'Delete': {
        const pod = this.pods.find(({ metadata }) => metadata.uid === action.uid);
        if (pod !== undefined) this.#delete(pod);
        return true;
      }
      case 'Create':
        return action.object.kind !== 'Pod' || this.#create(action.id, action.object as unknown as Pod);
      case 'Effect':
        this.#record(action.id, { answer: '{"bytes":9,"truncated":false}' });
        return true;
      case 'Event':
        this.#record(action.id, {});
        return true;
      case 'RecordStart':
        return true;
    }
    return action satisfies never;
  }

  #create(id: string, pod: Pod): boolean {
    if (this.pods.some(({ metadata }) => metadata.name === pod.metadata.name)) {
      this.#record(id, { result: 'refused', code: 409, reason: 'AlreadyExists' });
      return false;
    }
    this.created.push(pod.metadata.name);
    const metadata = { ...pod.metadata, namespace: NAMESPACE, uid: `uid-${this.created.length}`, creationTimestamp: seconds(this.now) };
    const status = {
      phase: 'Running' as const,
      containerStatuses: [{ name: 'agent', state: { running: { startedAt: seconds(this.now) } } }],
    };
    this.pods = [...this.pods, { metadata, spec: { ...pod.spec, nodeName: 'node-1' }, status }];
    return true;
  }

  #patch(uid: string, patch: Readonly<Record<string, unknown>>): void {
    const pod = this.pods.find(({ metadata }) => metadata.uid === uid);
    if (pod === undefined) return;
    const { metadata = {}, spec = {} } = patch as { metadata?: Record<string, unknown>; spec?: object };
    const isRelease = metadata['$deleteFromPrimitiveList/finalizers'] !== undefined;
    const finalizers = (pod.metadata.finalizers ?? []).filter((name) => !isRelease || name !== POD_FINALIZER);
    const annotations = { ...pod.metadata.annotations, ...(metadata.annotations as object | undefined) };
    this.#put({ ...pod, metadata: { ...pod.metadata, finalizers, annotations }, spec: { ...pod.spec, ...spec } });
  }

  #delete(pod: Pod): void {
    if (pod.metadata.deletionTimestamp !== undefined) return;
    const grace = isEnded(pod) ? 0 : 30;
    const deletionTimestamp = seconds(new Date(this.nowMs + grace * 1_000).toISOString());
    this.#put({ ...pod, metadata: { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace } });
  }

  /** What is under deletion, has ended and is held by nobody is gone. */
  #put(pod: Pod): void {
    const isGone = pod.metadata.deletionTimestamp !== undefined && isEnded(pod) && (pod.metadata.finalizers ?? []).length === 0;
    this.pods = this.pods.flatMap((entry) => (entry.metadata.uid !== pod.metadata.uid ? [entry] : isGone ? [] : [pod]));
  }

  #record(actionId: string, more: Partial<Outcome>): void {
    const outcome: Outcome = { actionId, result: 'ok', count: 1, firstAt: this.now, lastAt: this.now, ...more };
    this.outcomes = [...this.outcomes.filter((entry) => entry.actionId !== actionId), outcome];
  }
}

function isEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function seconds(time: string): string {
  return `${time.slice(0, 19)}Z`;
}

function ended(pod: Pod, how: PodEnd, now: string): Pod {
  const at = { startedAt: CREATED, finishedAt: seconds(now) };
  const agent = (state: ContainerState) => ({
    ...pod,
    status: { ...pod.status, phase: 'Failed' as const, containerStatuses: [{ name: 'agent', state }] },
  });
  switch (how) {
    case 'succeeds':
      return { ...pod, status: { ...pod.status, phase: 'Succeeded', containerStatuses: [{ name: 'agent', state: exited(0, at) }] } };
    case 'fails':
      return agent(exited(1, at));
    case 'oom':
      return agent(exited(137, { ...at, reason: 'OOMKilled' }));
    case 'evicted before it started': {
      const waiting = agent({ waiting: { reason: 'PodInitializing' } });
      return { ...waiting, status: { ...waiting.status, reason: 'Evicted', message: 'memory' } };
    }
    case 'no room':
      return { ...pod, status: { phase: 'Failed', reason: 'OutOfcpu', message: 'no room' } };
  }
}
