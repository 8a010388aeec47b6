import { readFileSync } from 'node:fs';
import type { Pod } from '#core/api/kubernetes.ts';
import { LABELS, POD_FINALIZER } from '#core/contract/names.ts';
import { TASK_UID } from './builders.ts';

/** Status JSON of a real kubelet (1.37.2), as the Pod of the builders' Task: our container is named `agent`, the fixtures' `main`. */
export function podFixture(file: string, more: Partial<Pod['metadata']> = {}): Pod {
  const text = readFileSync(new URL(`../fixtures/pods/${file}.json`, import.meta.url), 'utf8');
  const real = JSON.parse(text.replaceAll('"name": "main"', '"name": "agent"').replaceAll('"name":"main"', '"name":"agent"')) as Pod;
  const metadata = { ...real.metadata, name: 'fix-bug-pod', labels: { [LABELS.taskUid]: TASK_UID }, finalizers: [POD_FINALIZER], ...more };
  return { ...real, metadata };
}
