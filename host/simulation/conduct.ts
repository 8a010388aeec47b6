import type { Task } from '#core/api/task.ts';
import type { Action } from '#core/contract/decision.ts';
import type { Outcome, Subject } from '#core/contract/snapshot.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { Deliberation } from '#host/controller/deliberate.ts';
import { INJECTED } from './fault-injector.ts';
import type { TaskRecord } from './records.ts';
import type { Violation } from './violation.ts';

/** More decisions on one Task within a second is a loop. */
const MAX_DECISIONS_A_SECOND = 60;
/** Writes of a Task that nothing disturbs, and for each disturbance. */
const WRITES_A_TASK = 20;
const WRITES_A_DISTURBANCE = 1;
/** And for each attempt after the first. */
const WRITES_AN_ATTEMPT = 14;
/** Whatever befalls it: one for each reason and attempt. */
const EVENTS_A_TASK = 12;
const EVENTS_AN_ATTEMPT = 6;

export interface ConductOptions {
  nowMs(): number;
  /** Whether one host of each share alone believes that it leads: two may undo what the other says until one learns that it is none. */
  hasOneLeader(): boolean;
  /** Whether a Task, as it is shown, is one that this host is to work on. */
  isOfShare(host: string, task: Task): boolean;
  /** Whether a Task (by UID) is gone. A host that has heard so keeps nothing of it, and its watch may still tell of how it lived. */
  isGone(taskUid: string): boolean;
  /** Whether watches may lose events: such a host takes what is old for new, and can't tell. */
  readonly isLossy: boolean;
  report(violation: Violation): void;
}

/** How hosts behave, whatever comes of it: no loops, no faults, no writes on what they know to be old. */
export class Conduct {
  readonly #options: ConductOptions;
  /** Version of each Task that a host was answered with when it last wrote it. */
  readonly #toldOf = new Map<string, number>();
  readonly #decidedThisSecond = new Map<string, { readonly second: number; readonly count: number }>();

  constructor(options: ConductOptions) {
    this.#options = options;
  }

  decided(host: string, { uid, name }: Subject, deliberation: Deliberation): void {
    const { nowMs, hasOneLeader, isOfShare, report } = this.#options;
    if (deliberation.type === 'Faulted') {
      const { cause, message } = deliberation.fault;
      report({ rule: 'the-core-never-fails', says: `${name}: ${cause}: ${message}` });
    }
    const { snapshot } = deliberation;
    if (!hasOneLeader()) return;
    if (snapshot.task !== null && !isOfShare(host, snapshot.task))
      report({ rule: 'a-host-works-on-its-share-alone', says: `${host} decides ${name}, which is another host's` });
    const second = Math.floor(nowMs() / 1_000);
    const before = this.#decidedThisSecond.get(uid);
    const count = before?.second === second ? before.count + 1 : 1;
    this.#decidedThisSecond.set(uid, { second, count });
    if (count > MAX_DECISIONS_A_SECOND) report({ rule: 'no-loop', says: `${host} decides ${name} ${count} times in a second` });
  }

  /** A host was answered that it has written a Task. */
  told(host: string, { metadata }: StoredObject): void {
    this.#toldOf.set(`${host} ${metadata.uid}`, Number(metadata.resourceVersion));
  }

  acted(host: string, { uid, name }: Subject, action: Action, { reason, message = '' }: Outcome): void {
    if (action.type !== 'Patch' || action.ref.kind !== 'Task' || reason !== 'Conflict' || message.includes(INJECTED)) return;
    const told = this.#toldOf.get(`${host} ${uid}`) ?? 0;
    if (Number(action.resourceVersion ?? 0) >= told || this.#options.isLossy || this.#options.isGone(uid)) return;
    const says = `${host} writes task ${name} on a version before its own last write`;
    this.#options.report({ rule: 'a-host-waits-for-its-own-writes', says });
  }

  /** At the end: a Task has cost no more writes than what befell it explains. */
  judgeWrites({ name, namespace, writes, disturbances, events, pods }: TaskRecord): void {
    const more = Math.max(0, pods.length - 1);
    if (events.size > EVENTS_A_TASK + EVENTS_AN_ATTEMPT * more)
      this.#options.report({ rule: 'events-are-bounded', says: `${events.size} events of task ${namespace}/${name}` });
    const most = WRITES_A_TASK + WRITES_AN_ATTEMPT * more + WRITES_A_DISTURBANCE * disturbances;
    if (writes <= most) return;
    const says = `${writes} writes for task ${namespace}/${name}, ${most} are enough for ${disturbances} disturbances`;
    this.#options.report({ rule: 'writes-are-bounded', says });
  }
}
