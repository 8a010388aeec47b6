import type { Agent } from '#core/api/agent.ts';
import type { Quota } from '#core/api/agent-parts.ts';
import type { Asker } from '../asker.ts';
import { wantedBy } from '../course.ts';
import { quotaOf } from '../quota.ts';
import { STAND_IN_SPEC } from '../stand-in.ts';
import { type Change, fired, type Situation, type Source, sourcesIn, withAnswer, without } from './change.ts';
import { smallest } from './smallest.ts';

/** What of the Agent itself keeps Tasks from starting. */
export function agentOpened(situation: Situation): readonly Change[] {
  const { kubectl } = situation;
  return agentsIn(situation).flatMap(({ key, object: agent }): readonly Change[] => {
    const { name } = agent.metadata;
    const changed = (change: string, next: Agent, told: Pick<Change, 'command' | 'look'>): Change => ({
      kind: 'Agent',
      reach: 'Agent',
      change,
      ...told,
      case: withAnswer(situation, key, next),
    });
    const spec = (field: 'suspend' | 'execution', value: boolean | 'Pod'): readonly [Agent, Pick<Change, 'command'>] => [
      { ...agent, spec: { ...agent.spec, [field]: value } },
      { command: kubectl.patch('Agent', name, { spec: { [field]: value } }) },
    ];
    const deployment = agent.status?.deploymentName;
    const ready = { ...agent, status: { ...agent.status, ready: true } };
    return [
      ...(agent.spec.suspend === true ? [changed(`Agent ${name} is no longer suspended`, ...spec('suspend', false))] : []),
      ...(agent.status?.ready === true
        ? []
        : [
            changed(`the server of Agent ${name} is ready`, ready, {
              look: kubectl.run('get', 'deployment', ...(deployment === undefined ? [] : [deployment])),
            }),
            changed(`Agent ${name} runs OpenCode in each Task’s Pod (execution: Pod)`, ...spec('execution', 'Pod')),
          ]),
    ];
  });
}

/** How many of its Tasks may run at once: one more, and as many as it takes. */
export async function limitRaised(situation: Situation, asker: Asker): Promise<readonly Change[]> {
  const { wants, holding, ahead } = situation.judged.standing ?? {};
  const slots = wants?.slots;
  const found = agentsIn(situation).find(({ key }) => key === `Agent/${wants?.key}`);
  if (slots === undefined || holding === undefined || ahead === undefined || found === undefined) return [];
  const raised = (maxConcurrentTasks: number): Change => ({
    kind: 'Limit',
    reach: 'Agent',
    change: `Agent ${found.object.metadata.name} runs ${maxConcurrentTasks} Tasks at once (now ${slots})`,
    command: situation.kubectl.patch('Agent', found.object.metadata.name, { spec: { maxConcurrentTasks } }),
    case: withAnswer(situation, found.key, { ...found.object, spec: { ...found.object.spec, maxConcurrentTasks } } as Agent),
  });
  const [low, high] = [slots + 1, Math.max(slots + 1, holding.length + ahead.length + 1)];
  const enough = await smallest(low, high, async (limit) => isStart(await asker.settle(raised(limit).case)));
  return [...new Set([low, enough ?? low])].map(raised);
}

/** How many may start in the quota's window: as many as it takes. */
export async function quotaRaised(situation: Situation, asker: Asker): Promise<readonly Change[]> {
  const { judged } = situation;
  const wants = wantedBy(judged);
  const quota =
    fired(situation, 'task/quota-exceeded') && wants !== undefined ? quotaOf(judged.snapshot, wants, situation.case.facts.now) : undefined;
  const found = agentsIn(situation).find(({ key }) => key === `Agent/${wants?.key}`);
  if (quota === undefined || found === undefined) return [];
  const { max, windowSeconds, starts } = quota;
  const raised = (maxTaskStarts: number): Change => {
    const next: Quota = { maxTaskStarts, windowSeconds };
    return {
      kind: 'Quota',
      reach: 'Agent',
      change: `Agent ${found.object.metadata.name} may start ${maxTaskStarts} Tasks in ${windowSeconds} s (now ${max})`,
      command: situation.kubectl.patch('Agent', found.object.metadata.name, { spec: { quota: next } }),
      case: withAnswer(situation, found.key, { ...found.object, spec: { ...found.object.spec, quota: next } } as Agent),
    };
  };
  const low = max + 1;
  const high = Math.max(low, starts.length + (judged.standing?.ahead?.length ?? 0) + 1);
  const enough = await smallest(low, high, async (limit) => isStart(await asker.settle(raised(limit).case)));
  return [raised(enough ?? low)];
}

/** An Agent or template that can’t be used: each field left out in turn, and each that it has to have, given. */
export function sourceCorrected(situation: Situation): readonly Change[] {
  if (!fired(situation, 'task/agent-unusable', 'task/cannot-build')) return [];
  return sourcesIn(situation.judged.snapshot).flatMap((source) => {
    const spec: Readonly<Record<string, unknown>> = { ...source.object.spec };
    const given = Object.entries(STAND_IN_SPEC).filter(([field]) => spec[field] === undefined || spec[field] === '');
    return [
      ...given.map(([field, value]) => corrected(situation, source, `has spec.${field}`, { ...spec, [field]: value }, { [field]: value })),
      ...Object.keys(spec).map((field) =>
        corrected(situation, source, `has spec.${field} corrected or left out`, without(spec, field), { [field]: null }),
      ),
    ];
  });
}

function corrected(
  situation: Situation,
  { kind, key, object }: Source,
  what: string,
  spec: Readonly<Record<string, unknown>>,
  patch: Readonly<Record<string, unknown>>,
): Change {
  const { name } = object.metadata;
  return {
    kind: 'Agent',
    reach: 'Agent',
    change: `${kind} ${name} ${what}`,
    standIn: JSON.stringify(patch),
    command: situation.kubectl.patch(kind, name, { spec: patch }),
    case: withAnswer(situation, key, { ...object, spec } as Source['object']),
  };
}

function agentsIn({ judged }: Situation): readonly Extract<Source, { kind: 'Agent' }>[] {
  return sourcesIn(judged.snapshot).filter((source) => source.kind === 'Agent');
}

function isStart({ course }: { readonly course: string }): boolean {
  return course === 'Starts';
}
