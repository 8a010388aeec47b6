import type { Agent } from '#core/api/agent.ts';
import type { AgentTemplate } from '#core/api/agent-template.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { timestamp } from '#host/clock.ts';
import type { WhyQuota } from '../contract/why.ts';
import type { Wants } from './queue.ts';

/** The quota at which a place is wanted, from the Agent, else from its template; undefined where there is none. */
export function quotaOf({ read }: Snapshot, { key }: Wants, now: string): WhyQuota | undefined {
  const answer = read[`Agent/${key}?live`] ?? read[`Agent/${key}`];
  if (answer === undefined || !('found' in answer)) return undefined;
  const { metadata, spec, status } = answer.found as Agent;
  const above = spec.templateRef === undefined ? undefined : read[`AgentTemplate/${metadata.namespace}/${spec.templateRef.name}`];
  const template = above !== undefined && 'found' in above ? (above.found as AgentTemplate) : undefined;
  const quota = spec.quota ?? template?.spec.quota;
  if (quota === undefined) return undefined;
  const windowMs = quota.windowSeconds * 1_000;
  const starts = (status?.taskStartHistory ?? [])
    .map(({ taskName, startTime }) => ({ task: taskName, at: startTime, leavesAtMs: Date.parse(startTime) + windowMs }))
    .filter(({ leavesAtMs }) => leavesAtMs > Date.parse(now))
    .sort((a, b) => a.leavesAtMs - b.leavesAtMs)
    .map(({ leavesAtMs, ...start }) => ({ ...start, leavesAt: timestamp(leavesAtMs) }));
  return { max: quota.maxTaskStarts, windowSeconds: quota.windowSeconds, starts };
}
