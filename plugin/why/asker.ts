import type { Agent } from '#core/api/agent.ts';
import type { Task } from '#core/api/task.ts';
import type { KeptLog } from '#core/contract/decision.ts';
import type { Outcome, Settings } from '#core/contract/snapshot.ts';
import type { Engine } from '#host/engine/engine.ts';
import { type Case, decideCase } from '../cluster/case.ts';
import type { ClusterReader } from '../cluster/reader.ts';
import { type Judged, judge, logsWanted, wantedBy } from './course.ts';
import { type InLine, othersInLine } from './line.ts';
import { type Standing, standingOf } from './queue.ts';

/** A decision, and how the line stands where it wants a place. */
export interface Settled extends Judged {
  readonly standing?: Standing;
}

/** Asks the core about one Task, as often as there are questions; the others of its Agent are looked at once, and only when a place is wanted. */
export interface Asker {
  decide(asked: Case): Promise<Judged>;
  /** As the host finds it. */
  place(asked: Case): Promise<Settled>;
  /** What it comes to once the host has done what is asked of it aside, and has answered a wish for a place: given a place where there is one for it and for all ahead of it. `gone`: names of others that are imagined away. */
  settle(asked: Case, gone?: ReadonlySet<string>): Promise<Settled>;
}

export interface AskerInput {
  readonly engine: Engine;
  readonly reader: ClusterReader;
  readonly settings: Settings;
  readonly nowMs: number;
}

export function createAsker(input: AskerInput): Asker {
  const { engine, reader } = input;
  const lines = new Map<string, Promise<readonly InLine[] | undefined>>();

  function othersOf(task: Task): Promise<readonly InLine[] | undefined> {
    const key = JSON.stringify([task.spec.agentRef, task.status?.agentRef]);
    const known = lines.get(key) ?? othersInLine(input, task);
    lines.set(key, known);
    return known;
  }

  async function decide(asked: Case): Promise<Judged> {
    return judge(await decideCase(engine, reader, asked));
  }

  async function place(asked: Case, gone?: ReadonlySet<string>): Promise<Settled> {
    const judged = await decide(asked);
    const wants = wantedBy(judged);
    const { task } = asked.facts;
    if (wants === undefined || task === null) return judged;
    return { ...judged, standing: standingOf(wants, await othersOf(task), Date.parse(asked.facts.now), gone) };
  }

  async function settle(asked: Case, gone?: ReadonlySet<string>): Promise<Settled> {
    const first = await place(asked, gone);
    const kept = withLogsKept(asked, first);
    const judged = kept === asked ? first : await place(kept, gone);
    const { standing } = judged;
    if (standing === undefined || kept.facts.granted === true || standing.isFree === kept.facts.granted) return judged;
    const granted = { ...kept, facts: { ...kept.facts, granted: standing.isFree } };
    const after = await decide(standing.isFree ? withStartsAhead(granted, judged, standing) : granted);
    const wanted = wantedBy(after);
    // The starts of those ahead may use a quota up.
    return wanted === undefined
      ? after
      : { ...after, standing: { ...standing, wants: wanted, isFree: false, left: Math.max(1, standing.left ?? 1) } };
  }

  return { decide, place: (asked) => place(asked), settle };
}

/** The case in which the host has kept the logs that an end waits for. */
function withLogsKept(asked: Case, judged: Judged): Case {
  if (!judged.decided.reasons.some(({ rule }) => rule === 'task/log-awaited')) return asked;
  const { now, outcomes } = asked.facts;
  const kept: KeptLog = { bytes: 0, truncated: false };
  const done = logsWanted(judged).map(
    ({ id }): Outcome => ({ actionId: id, result: 'ok', count: 1, firstAt: now, lastAt: now, answer: JSON.stringify(kept) }),
  );
  return { ...asked, facts: { ...asked.facts, outcomes: [...outcomes, ...done] } };
}

/** The case in which those ahead have just started: what a quota counts. */
function withStartsAhead(asked: Case, { snapshot }: Judged, { wants, ahead = [] }: Standing): Case {
  const key = `Agent/${wants.key}`;
  const answer = snapshot.read[key];
  if (ahead.length === 0 || answer === undefined || !('found' in answer)) return asked;
  const agent = answer.found as Agent;
  const starts = ahead.map(({ task: { metadata } }) => ({
    taskName: metadata.name,
    taskNamespace: metadata.namespace ?? '',
    startTime: asked.facts.now,
  }));
  const taskStartHistory = [...(agent.status?.taskStartHistory ?? []), ...starts];
  return {
    ...asked,
    answers: { ...asked.answers, [key]: { found: { ...agent, status: { ...agent.status, taskStartHistory } } as Agent } },
  };
}
