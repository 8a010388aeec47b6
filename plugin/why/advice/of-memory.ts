import type { Attempt } from '#core/api/task.ts';
import { AGENT_CONTAINER } from '#core/contract/names.ts';
import { canonicalQuantity } from '#host/cluster/memory/quantity.ts';
import type { WhyAdvice } from '../../contract/why-changes.ts';
import { changesBetween } from '../../plan/changes.ts';
import type { Asker } from '../asker.ts';
import { type Source, sourcesIn, withAnswer } from '../changes/change.ts';
import { leadsTo } from '../course.ts';
import { type NextStart, podToCreate } from './next-start.ts';

const LIMIT_PATH = `spec.containers[name=${AGENT_CONTAINER}].resources.limits.memory`;

/**
 * Twice the memory for the agent, in the Agent or template that says how much it may use: in the first of them by which the next Pod gets another limit and
 * nothing else. None where the next Pod has another limit already, and for other containers, of which neither says anything.
 */
export async function memoryRaised(next: NextStart, { container, message }: Attempt, asker: Asker): Promise<readonly WhyAdvice[]> {
  const agent = next.pod.spec.containers.find(({ name }) => name === AGENT_CONTAINER);
  const limit = agent?.resources?.limits?.memory;
  const more = doubled(String(limit));
  if (agent === undefined || limit === undefined || more === undefined) return [];
  // The core says in its message what the limit was, as the API server has written it.
  const reached = /memory limit of (\S+)/.exec(message ?? '')?.[1];
  if (container !== AGENT_CONTAINER || reached !== canonicalQuantity(limit)) return [];
  for (const source of sourcesIn(next.judged.snapshot)) {
    const { kind, key, object } = source;
    const own = object.spec.podSpec?.resources;
    // With a limit alone a Pod asks for as much: where nothing is said yet, the default request is said, too.
    const resources = { ...(own ?? agent.resources), limits: { ...(own ?? agent.resources)?.limits, memory: more } };
    const changed = { ...object, spec: { ...object.spec, podSpec: { ...object.spec.podSpec, resources } } } as Source['object'];
    const after = await asker.settle(withAnswer(next, key, changed));
    const pod = podToCreate(after);
    const changes = pod === undefined ? [] : changesBetween(next.pod, pod);
    if (changes.length !== 1 || changes[0]?.path !== LIMIT_PATH) continue;
    const { name } = object.metadata;
    const patch = { spec: { podSpec: { resources: own === undefined ? resources : { limits: { memory: more } } } } };
    return [
      {
        cause: 'OutOfMemory',
        advice: `${kind} ${name} lets container ${AGENT_CONTAINER} use ${more} of memory: spec.podSpec.resources.limits.memory (now ${limit}${own?.limits?.memory === undefined ? ', the default' : ''})`,
        reach: 'Agent',
        command: next.kubectl.patch(kind, name, patch),
        leadsTo: `${leadsTo(after)}, which has that limit${agent.resources?.requests?.memory === undefined ? ', asks for as much,' : ''} and is else the same`,
      },
    ];
  }
  return [];
}

/** Twice a quantity, in its own unit; undefined where there is none, or it is written otherwise than as a number and a unit. */
function doubled(quantity: string): string | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(quantity) ?? [];
  return amount === undefined ? undefined : `${Number(amount) * 2}${unit}`;
}
