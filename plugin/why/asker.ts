import type { Task } from '#core/api/task.ts';
import type { QueuePlace } from '#core/contract/decision.ts';
import type { Settings, Snapshot } from '#core/contract/snapshot.ts';
import type { Engine } from '#host/engine/engine.ts';
import { type Case, decideCase } from '../cluster/case.ts';
import type { ClusterReader } from '../cluster/reader.ts';
import { type Judged, judge, wantedBy } from './course.ts';
import { type InLine, othersInLine } from './line.ts';
import type { WhyQueue } from './model.ts';

export type Wants = Extract<QueuePlace, { state: 'Wants' }>;

/** Asks the core about one Task, as often as there are questions; the others of its Agent are looked at once, and only when a place is wanted. */
export interface Asker {
  decide(asked: Case): Promise<Judged>;
  /** What it comes to once the host has answered a wish for a place: given where one is free and nobody is ahead. */
  settle(asked: Case): Promise<Judged>;
  /** The snapshot with all that the core wanted to read. */
  snapshotOf(asked: Case): Promise<Snapshot>;
  queue(wants: Wants, nowMs: number): Promise<WhyQueue>;
}

export interface AskerInput {
  readonly engine: Engine;
  readonly reader: ClusterReader;
  readonly settings: Settings;
  readonly nowMs: number;
  readonly task: Task;
}

export function createAsker({ engine, reader, settings, nowMs, task }: AskerInput): Asker {
  let others: Promise<readonly InLine[] | undefined> | undefined;

  async function decide(asked: Case): Promise<Judged> {
    return judge(await decideCase(engine, reader, asked));
  }

  async function queue(wants: Wants, atMs: number): Promise<WhyQueue> {
    others ??= othersInLine({ engine, reader, settings, nowMs }, task);
    return queueOf(wants, await others, atMs);
  }

  async function settle(asked: Case): Promise<Judged> {
    const judged = await decide(asked);
    const wants = wantedBy(judged);
    if (wants === undefined || asked.facts.granted === true) return judged;
    const { isFree = false } = await queue(wants, Date.parse(asked.facts.now));
    return isFree === asked.facts.granted ? judged : decide({ ...asked, facts: { ...asked.facts, granted: isFree } });
  }

  return { decide, settle, queue, snapshotOf: async (asked) => (await decideCase(engine, reader, asked)).snapshot };
}

/** The line as the host would keep it: ordered by what the core says of each, as many places as it says. */
function queueOf(wants: Wants, others: readonly InLine[] | undefined, nowMs: number): WhyQueue {
  const { slots, closed, notBefore } = wants;
  const limits = {
    ...(slots === undefined ? {} : { slots }),
    ...(closed === undefined ? {} : { isClosed: true as const }),
    ...(notBefore === undefined ? {} : { notBefore }),
  };
  if (others === undefined) return limits;
  const line = others.filter(({ key }) => key === wants.key);
  const holding = line.filter(({ order }) => order === undefined).map(({ name }) => name);
  const waiting = line.filter(({ order }) => order !== undefined);
  const ahead = waiting.filter(({ order = '' }) => order < wants.order).map(({ name }) => name);
  const isOpen = closed !== true && (notBefore === undefined || Date.parse(notBefore) <= nowMs);
  const isFree = isOpen && ahead.length === 0 && (slots === undefined || holding.length < slots);
  return {
    position: ahead.length + 1,
    waiting: waiting.length + 1,
    ...limits,
    holding,
    ahead,
    ...(isFree ? { isFree: true as const } : {}),
  };
}
