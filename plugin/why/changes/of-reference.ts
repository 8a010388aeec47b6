import type { ConfigMap } from '#core/api/kubernetes.ts';
import { addressKey } from '../../cluster/case.ts';
import type { Kubectl } from '../../kubectl.ts';
import { type StandIn, standIns } from '../stand-in.ts';
import { type Change, fired, type Situation, withAnswer, withFacts, without } from './change.ts';

/** Each object that lacks, put there. */
export function referencesFound(situation: Situation): readonly Change[] {
  const { kubectl, judged } = situation;
  return standIns(judged.snapshot).map(({ key, change, object }): Change => {
    const shown: Readonly<Record<string, unknown>> = { ...object };
    return {
      kind: 'Reference',
      reach: 'NewObject',
      change,
      standIn: JSON.stringify(shown.spec ?? shown.data ?? {}),
      command: commandFor({ key, change, object }, situation.judged.snapshot.read[`${key}?live`] ?? judged.snapshot.read[key], kubectl),
      case: withAnswer(situation, key, object),
    };
  });
}

function commandFor({ object }: StandIn, answer: Situation['judged']['snapshot']['read'][string] | undefined, kubectl: Kubectl): string {
  const { name, namespace = '' } = object.metadata;
  if (object.kind !== 'ConfigMap') return kubectl.apply({ ...object, metadata: { name, namespace } });
  const before = answer !== undefined && 'found' in answer ? (answer.found as ConfigMap).data : undefined;
  const keys = Object.keys((object as ConfigMap).data ?? {}).filter((each) => before?.[each] === undefined);
  if (before === undefined && answer !== undefined && !('found' in answer)) {
    return kubectl.run('create', 'configmap', name, ...keys.map((each) => `--from-file=${each}=FILE`));
  }
  return kubectl.patch('ConfigMap', name, { data: Object.fromEntries(keys.map((each) => [each, 'TEXT'])) });
}

/** Each field of the configuration left out in turn, and the whole of it. */
export function configCorrected(situation: Situation): readonly Change[] {
  const { settings } = situation.case.facts;
  if (!fired(situation, 'task/config-unusable')) return [];
  const changed = (config: typeof settings.config) => withFacts(situation, { settings: { ...settings, config } });
  return Object.keys(settings.config).map((field): Change => {
    const command = situation.kubectl.patch('KubeOpenCodeConfig', 'cluster', { spec: { [field]: null } });
    return {
      kind: 'Config',
      reach: 'Cluster',
      change: `spec.${field} of KubeOpenCodeConfig cluster is corrected or left out`,
      standIn: `without ${field}`,
      command,
      case: changed(without(settings.config, field)),
    };
  });
}

/** A Pod that has the name and is another owner's: without it, nothing is left of the last try either. */
export function conflictGone(situation: Situation): readonly Change[] {
  const { answers } = situation.case;
  return Object.entries(situation.judged.snapshot.read).flatMap(([key, answer]): readonly Change[] => {
    if (!key.startsWith('Pod/') || !('found' in answer)) return [];
    const { name, namespace = '', ownerReferences = [] } = answer.found.metadata;
    const owner = ownerReferences.find(({ controller }) => controller === true);
    const whose = owner === undefined ? 'which is not of this Task' : `which is of ${owner.kind} ${owner.name}`;
    const address = addressKey({ kind: 'Pod', namespace, name });
    const changed = { ...withFacts(situation, { outcomes: [] }), answers: { ...answers, [address]: { absent: true as const } } };
    return [
      {
        kind: 'Conflict',
        reach: 'Others',
        change: `pod ${name}, ${whose}, is gone`,
        command: situation.kubectl.run('delete', 'pod', name),
        case: changed,
      },
    ];
  });
}
