import type { Task } from '#core/api/task.ts';
import { timestamp } from '#host/clock.ts';
import type { WhyAhead, WhyHolder, WhyQueue } from '../contract/why.ts';
import type { Asker } from './asker.ts';
import { type Situation, withSpec } from './changes/change.ts';
import { endsPod, factOf, wantedBy } from './course.ts';
import { since } from './facts.ts';
import type { InLine } from './line.ts';
import { quotaOf } from './quota.ts';

/** The line at the Agent, with what each in it holds or goes before by; undefined where no place is wanted. */
export async function queueOf(situation: Situation, task: Task, asker: Asker): Promise<WhyQueue | undefined> {
  const { judged, case: base } = situation;
  const { standing } = judged;
  if (standing === undefined) return undefined;
  const { wants, holding, ahead, waiting, isFree } = standing;
  const { slots, closed, notBefore, key } = wants;
  const quota = quotaOf(judged.snapshot, wants, base.facts.now);
  const limits = {
    ...(slots === undefined ? {} : { slots }),
    ...(closed === undefined ? {} : { isClosed: true as const }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(quota === undefined ? {} : { quota }),
  };
  const agent = key.slice(key.indexOf('/') + 1);
  if (holding === undefined || ahead === undefined || waiting === undefined) return { agent, ...limits };
  const nowMs = Date.parse(base.facts.now);
  const orderAt = orderWith(situation, task, asker);
  return {
    agent,
    position: ahead.length + 1,
    waiting,
    ...limits,
    holding: holding.map(({ name }) => name),
    ahead: ahead.map(({ name }) => name),
    holders: holding.map((one) => holderOf(one, nowMs)),
    before: await Promise.all(ahead.map((one) => aheadOf(one, orderAt))),
    ...(isFree ? { isFree: true as const } : {}),
  };
}

function holderOf({ name, task, judged }: InLine, nowMs: number): WhyHolder {
  const pod = judged.snapshot.pods.at(-1);
  const heldSince = pod?.metadata.creationTimestamp ?? task.status?.startTime;
  const told = heldSince === undefined ? undefined : since(heldSince, 'creationTimestamp of its pod', nowMs);
  const deadlineMs = factOf(judged, 'task/timeout-ahead', 'deadlineMs');
  return {
    name,
    phase: task.status?.phase ?? 'Pending',
    ...(told === undefined ? {} : { since: told }),
    ...(pod === undefined ? {} : { pod: pod.metadata.name }),
    ...(typeof deadlineMs === 'number' ? { timesOutAt: timestamp(deadlineMs) } : {}),
    ...(endsPod(judged) || pod?.metadata.deletionTimestamp !== undefined ? { isEnding: true as const } : {}),
  };
}

type OrderAt = (priority: number) => Promise<string | undefined>;

/** What this Task’s order in the line would be with another priority; each is asked once. */
function orderWith(situation: Situation, task: Task, asker: Asker): OrderAt {
  const orders = new Map<number, Promise<string | undefined>>();
  const ask = async (priority: number) => wantedBy(await asker.decide(withSpec(situation, task, { ...task.spec, priority })))?.order;
  return (priority) => {
    const known = orders.get(priority) ?? ask(priority);
    orders.set(priority, known);
    return known;
  };
}

/** With the other’s priority it would stand before him, unless he is older. */
async function aheadOf({ name, order = '', task: { metadata, spec } }: InLine, orderAt: OrderAt): Promise<WhyAhead> {
  const { priority = 0 } = spec;
  const { creationTimestamp } = metadata;
  const equal = await orderAt(priority);
  return {
    name,
    priority,
    ...(creationTimestamp === undefined ? {} : { createdAt: creationTimestamp }),
    by: equal === undefined || order < equal ? 'Age' : 'Priority',
  };
}
