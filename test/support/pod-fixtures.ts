import { readdirSync, readFileSync } from 'node:fs';
import type { Pod } from '#core/api/kubernetes.ts';
import { LABELS, POD_FINALIZER } from '#core/contract/names.ts';
import { NAMESPACE, pod, TASK_UID } from './builders.ts';

/** Status JSON of a real kubelet (1.37.2), as the Pod of the builders' Task: our container is named `agent`, the fixtures' `main`. */
export function podFixture(file: string, more: Partial<Pod['metadata']> = {}): Pod {
  const text = readFileSync(new URL(`../fixtures/pods/${file}.json`, import.meta.url), 'utf8');
  const real = JSON.parse(text.replaceAll('"name": "main"', '"name": "agent"').replaceAll('"name":"main"', '"name":"agent"')) as Pod;
  const metadata = { ...real.metadata, name: 'fix-bug-pod', labels: { [LABELS.taskUid]: TASK_UID }, finalizers: [POD_FINALIZER], ...more };
  return { ...real, metadata };
}

/** Names of the Pods of a real kubelet that are kept, in order: `kubelet` has one a situation, `pods` how some ended. */
export function fixturesIn(folder: 'kubelet' | 'pods'): readonly string[] {
  const files = readdirSync(new URL(`../fixtures/${folder}/`, import.meta.url));
  return files.map((file) => file.replace(/\.json$/, '')).sort();
}

/** The Pod of a situation as a real kubelet (1.37) showed it, as the Pod of the builders' Task. */
export function kubeletFixture(situation: string, more: Partial<Pod['metadata']> = {}): Pod {
  const real = JSON.parse(readFileSync(new URL(`../fixtures/kubelet/${situation}.json`, import.meta.url), 'utf8')) as Pod;
  const { ownerReferences = [] } = pod().metadata;
  const ours = {
    name: 'fix-bug-pod',
    namespace: NAMESPACE,
    labels: { [LABELS.taskUid]: TASK_UID },
    finalizers: [POD_FINALIZER],
    ownerReferences,
  };
  return { ...real, metadata: { ...real.metadata, ...ours, ...more } };
}
