import type { Kind } from '#core/contract/kinds.ts';
import type { Lack } from '../cluster/readings.ts';
import type { Lacked } from '../contract/plan.ts';

/** What a plan without them is like. */
const MEANS: Readonly<Partial<Record<Kind, string>>> = {
  Pod: 'Pods that run are not seen; the plan takes them as absent',
  Task: 'other Tasks are not seen; the plan gives the places of an Agent as if nobody else waited or ran',
  Agent: 'the plan takes it as missing, unless it is in the files',
  AgentTemplate: 'the plan takes it as missing, unless it is in the files',
  ConfigMap: 'the plan takes it as missing, unless it is in the files',
  KubeOpenCodeConfig: 'the settings of the cluster are not seen; the plan goes by the defaults',
};

/** Codes that say something about this user or this cluster, and not that the API server can't answer now. */
const LASTING = [403, 404];

/** What a plan can do without, and says so. Throws where the API server can't be asked at all: then any plan would be wrong. */
export function lackedOf(lacks: readonly Lack[]): readonly Lacked[] {
  const broken = lacks.find(({ code }) => !LASTING.includes(code));
  if (broken !== undefined) throw new Error(broken.message);
  return lacks.map(({ verb, kind, resource, namespace, name, message }) => ({
    verb,
    resource,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    message,
    means: MEANS[kind] ?? 'the plan goes without',
  }));
}
