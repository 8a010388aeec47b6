import { stringify } from 'yaml';
import { NODE_STAGES } from './node-stages.ts';
import { POD_STAGES } from './pod-stages.ts';
import type { Stage } from './stage.ts';

/** Options of kwok itself, as measured: 32 at a time double the number of Pods a second. */
const OPTIONS = {
  apiVersion: 'config.kwok.x-k8s.io/v1alpha1',
  kind: 'KwokConfiguration',
  options: { podPlayStageParallelism: 32, nodePlayStageParallelism: 8, nodeLeaseParallelism: 4, podsOnNodeSyncParallelism: 4 },
};

/** kwok's configuration file: YAML documents. */
export function kwokConfiguration(podStages: readonly Stage[] = POD_STAGES): string {
  return [OPTIONS, ...NODE_STAGES, ...podStages]
    .map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n');
}
