import type { EnvVar, Volume, VolumeMount } from '../api/kubernetes.ts';
import type { Task } from '../api/task.ts';
import type { Stop } from '../api/task-parts.ts';
import { ANNOTATIONS } from '../contract/names.ts';
import { STOP_FILE } from './layout.ts';
import type { ResolvedAgent } from './resolve.ts';
import { conform } from './shape.ts';
import { STOP } from './task-defaults.ts';

/** How the Task is to be stopped, if anybody said so: the Task itself, else its Agent or the cluster. */
export function saidStop({ spec }: Task, agent: ResolvedAgent): Stop | null {
  for (const said of [spec.stop, agent.taskDefaults.stop]) {
    const stop = said === undefined || said === null ? null : conform(said, STOP, 'stop');
    if (stop !== null && !('fault' in stop)) return stop.value as Stop;
  }
  return null;
}

/** What lets the agent read why it is stopped, before it is: the Pod's annotation as a file. Only where somebody said how it is to be stopped. */
export interface StopFile {
  readonly env: readonly EnvVar[];
  readonly volumeMounts: readonly VolumeMount[];
  readonly volumes: readonly Volume[];
}

export function stopFile(stop: Stop | null): StopFile {
  if (stop === null) return { env: [], volumeMounts: [], volumes: [] };
  const { volume, path, file } = STOP_FILE;
  return {
    env: [{ name: 'KUBEOPENCODE_STOP_REASON_FILE', value: `${path}/${file}` }],
    volumeMounts: [{ name: volume, mountPath: path, readOnly: true }],
    volumes: [
      {
        name: volume,
        downwardAPI: { items: [{ path: file, fieldRef: { fieldPath: `metadata.annotations['${ANNOTATIONS.stopReason}']` } }] },
      },
    ],
  };
}
