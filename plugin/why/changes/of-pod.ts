import type { Pod } from '#core/api/kubernetes.ts';
import { AGENT_CONTAINER } from '#core/contract/names.ts';
import type { Reach } from '../../contract/why-changes.ts';
import type { Kubectl } from '../../kubectl.ts';
import { troublesOf } from '../facts.ts';
import { type Change, type Situation, withFacts } from './change.ts';

/** What becomes of a Pod: its node, then its containers, then its end. */
export function podChanges(situation: Situation): readonly Change[] {
  const { facts } = situation.case;
  const alive = facts.pods.find(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  if (alive === undefined) return [];
  const { name, deletionTimestamp } = alive.metadata;
  const changed = (told: Pick<Change, 'reach' | 'change' | 'command' | 'look'>, pod: Pod): Change => ({
    kind: 'Pod',
    ...told,
    case: withFacts(situation, { pods: facts.pods.map((each) => (each === alive ? pod : each)) }),
  });
  const isStarting = alive.status?.phase !== 'Running' && deletionTimestamp === undefined;
  return [
    ...(isStarting ? [changed(startOf(alive, situation.kubectl), inPhase(alive, 'Running', facts.now))] : []),
    ...(isStarting
      ? []
      : [
          changed(
            { reach: 'Nobody', change: `the agent in pod ${name} ends with exit code 0`, ...silentNode(alive, situation) },
            inPhase(alive, 'Succeeded', facts.now),
          ),
        ]),
  ];
}

/** A kubelet that should have ended the Pod by now: look at its node. */
function silentNode({ metadata, spec }: Pod, { kubectl, case: { facts } }: Situation): Pick<Change, 'look'> {
  const isOver = Date.parse(metadata.deletionTimestamp ?? '') <= Date.parse(facts.now);
  return isOver && spec.nodeName !== undefined ? { look: kubectl.runWithoutNamespace('describe', 'node', spec.nodeName) } : {};
}

interface Lesson {
  readonly pattern: RegExp;
  remedy(
    words: readonly string[],
    pod: Pod,
    kubectl: Kubectl,
  ): { readonly reach: Reach; readonly change: string; readonly command?: string };
}

/** Against the kubelet’s own texts. Source: kubelet `kuberuntime`, `images`, `container/sync_result`. */
const LESSONS: readonly Lesson[] = [
  {
    pattern: /container (\S+) waits: (?:ImagePullBackOff|ErrImagePull|InvalidImageName|ErrImageNeverPull)/,
    remedy: ([, container = ''], pod, kubectl) => {
      const image = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(({ name }) => name === container)?.image;
      return {
        reach: 'Task',
        change: `the image of container ${container} can be pulled${image === undefined ? '' : ` (now ${image})`}`,
        command: kubectl.run('set', 'image', `pod/${pod.metadata.name}`, `${container}=IMAGE`),
      };
    },
  },
  {
    pattern: /CreateContainerConfigError: secret "([^"]+)" not found/,
    remedy: ([, name = ''], _pod, kubectl) => ({
      reach: 'NewObject',
      change: `Secret ${name} is there`,
      command: kubectl.run('create', 'secret', 'generic', name, '--from-literal=KEY=VALUE'),
    }),
  },
  {
    pattern: /CreateContainerConfigError: configmap "([^"]+)" not found/,
    remedy: ([, name = ''], _pod, kubectl) => ({
      reach: 'NewObject',
      change: `ConfigMap ${name} is there`,
      command: kubectl.run('create', 'configmap', name, '--from-literal=KEY=VALUE'),
    }),
  },
  {
    pattern: /couldn't find key (\S+) in (Secret|ConfigMap) (?:\S+\/)?([^\s/]+)/,
    remedy: ([, key = '', kind = '', name = ''], _pod, kubectl) => {
      const data = kind === 'Secret' ? { stringData: { [key]: 'VALUE' } } : { data: { [key]: 'VALUE' } };
      return {
        reach: 'NewObject',
        change: `${kind} ${name} has key ${key}`,
        command: kubectl.run('patch', kind.toLowerCase(), name, '--type', 'merge', '-p', JSON.stringify(data)),
      };
    },
  },
];

/** What lets the containers of a Pod start. */
function startOf(pod: Pod, kubectl: Kubectl): Pick<Change, 'reach' | 'change' | 'command' | 'look'> {
  const { name } = pod.metadata;
  for (const trouble of troublesOf(pod)) {
    for (const { pattern, remedy } of LESSONS) {
      const words = pattern.exec(trouble);
      if (words !== null) return remedy(words, pod, kubectl);
    }
  }
  const look = kubectl.run('describe', 'pod', name);
  const isBound = pod.spec.nodeName !== undefined && pod.spec.nodeName !== '';
  return isBound
    ? { reach: 'Nobody', change: `the containers of pod ${name} start`, look }
    : { reach: 'Cluster', change: `pod ${name} gets a node and its containers start`, look };
}

function inPhase(pod: Pod, phase: 'Running' | 'Succeeded', now: string): Pod {
  const startedAt = pod.status?.startTime ?? now;
  const state =
    phase === 'Running' ? { running: { startedAt } } : { terminated: { exitCode: 0, reason: 'Completed', startedAt, finishedAt: now } };
  const conditions = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  return {
    ...pod,
    spec: { ...pod.spec, nodeName: pod.spec.nodeName ?? 'a-node' },
    status: {
      ...pod.status,
      // As a kubelet writes it: it knows of a deletion that was asked for.
      ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
      phase,
      conditions: [...conditions, { type: 'PodScheduled', status: 'True', reason: '', message: '', lastTransitionTime: now }],
      containerStatuses: [{ name: AGENT_CONTAINER, state }],
    },
  };
}
