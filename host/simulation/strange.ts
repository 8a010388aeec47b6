import type { Draw } from './draw.ts';
import { type Fields, type Happening, NAMESPACES, type Share, type Timed } from './scenario.ts';

interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** Hosts that share a cluster, by label or by namespace; undefined: one host has it all. */
export function sharesOf(draw: Draw): readonly Share[] | undefined {
  return draw.weighted<readonly Share[] | undefined>([
    [8, undefined],
    [2, [{ label: 'a' }, { label: 'b' }]],
    [1, NAMESPACES.map((namespace) => ({ namespaces: [namespace] }))],
  ]);
}

/** Specs that no schema of ours lets in and upstream's does. */
export function nonsenseForTask(draw: Draw): Fields {
  return draw.pick<Fields>([
    { timeout: '5 minutes' },
    { timeout: 90 },
    { timeout: '' },
    { timeout: '-1s' },
    { stop: { mode: 'Kill', gracePeriodSeconds: -5 } },
    { stop: 'now' },
    { priority: 'high' },
    { priority: 1e300 },
    { cleanup: { ttlSecondsAfterFinished: -1 } },
    { cleanup: { ttlSecondsAfterFinished: 'soon' } },
    { contexts: 'none' },
    { contexts: [{ type: 'Text' }, null, 7] },
    { agentRef: { name: 5 } },
    { agentRef: { name: 'coder' }, templateRef: { name: 'base' } },
    { agentRef: {} },
    { suspend: 'yes' },
    { description: 7 },
  ]);
}

export function nonsenseForAgent(draw: Draw): Fields {
  return draw.pick<Fields>([
    { quota: { maxTaskStarts: 'x', windowSeconds: 60 } },
    { quota: { maxTaskStarts: 0, windowSeconds: 60 } },
    { quota: { maxTaskStarts: 2, windowSeconds: 1e12 } },
    { quota: { maxTaskStarts: 1, windowSeconds: -5 } },
    { quota: 3 },
    { maxConcurrentTasks: '3' },
    { maxConcurrentTasks: -1 },
    { maxConcurrentTasks: 1.5 },
    { execution: 'Elsewhere' },
    { workspaceDir: 'here' },
    { serviceAccountName: 7 },
    { podSpec: { terminationGracePeriodSeconds: -3 } },
    { podSpec: { labels: { 'kubeopencode.io/task-uid': 'mine', app: 'x' } } },
    { podSpec: { labels: { app: 'not a label!' } } },
    { podSpec: [] },
    { taskDefaults: { timeout: 'a while' } },
    { taskDefaults: { stop: 'now' } },
    { templateRef: { name: 'nobody' } },
    { command: 'bash' },
  ]);
}

export function nonsenseForConfig(draw: Draw): Fields {
  return draw.pick<Fields>([
    { cleanup: { ttlSecondsAfterFinished: -1, maxRetainedTasks: -1 } },
    { cleanup: { maxRetainedTasks: 'few' } },
    { cleanup: 'all' },
    { taskDefaults: { timeout: 'a while' } },
    { taskDefaults: 'none' },
    { evidence: 'Maybe' },
    { clusterDomain: 9 },
    { execution: 'Elsewhere' },
    { systemImage: 'image' },
  ]);
}

/** What somebody may write into a status by hand. */
function editedStatus(draw: Draw): Fields {
  return draw.pick<Fields>([
    { phase: 'Completed' },
    { phase: 'Failed', completionTime: 'yesterday' },
    { phase: null },
    { phase: 'Pending' },
    { phase: 'Running' },
    { phase: 'Queued' },
    { phase: 'Dreaming' },
    { podName: 'other' },
    { podName: null },
    { conditions: null },
    { conditions: 'none' },
    { conditions: [{ type: 'Stopping', status: 'True', reason: 'Timeout', message: '', lastTransitionTime: '2020-01-01T00:00:00Z' }] },
    { attemptCount: 3 },
    { attempts: null },
    { startTime: '2020-01-01T00:00:00Z' },
    { startTime: 'soon' },
    { agentRef: null },
    { completionTime: null },
  ]);
}

/** What people and other controllers do to a Task and its Pod that they had better not do. All that holds something is taken back before all is quiet. */
export function meddling(
  draw: Draw,
  at: Named,
  bornMs: number,
  quietAfterMs: number,
  shares: readonly Share[] | undefined,
): readonly Timed[] {
  const pod = { namespace: at.namespace, name: `${at.name}-pod` };
  const happenings: Timed[] = [];
  const soon = (): number => bornMs + draw.weighted([[3, draw.int(0, 4_000)], [2, draw.int(0, 60_000)]]); // biome-ignore format: a table
  const add = (probability: number, happening: () => Happening): void => {
    if (draw.chance(probability)) happenings.push({ atMs: soon(), happening: happening() });
  };
  add(0.05, () => ({ type: 'EditStatus', at, status: editedStatus(draw) }));
  add(0.08, () => ({ type: 'StripPod', at: pod, of: draw.pick(['finalizer', 'label'] as const) }));
  add(0.06, () => ({ type: 'SetDeadline', at: pod, seconds: draw.int(1, 30) }));
  add(0.03, () => ({ type: 'PatchTask', at, spec: nonsenseForTask(draw) }));
  if (draw.chance(0.06)) {
    const atMs = draw.int(0, bornMs);
    happenings.push({ atMs, happening: { type: 'ForeignConfigMap', at: { namespace: at.namespace, name: `${at.name}-context` } } });
  }
  for (const kind of ['Task', 'Pod'] as const) {
    if (!draw.chance(0.06)) continue;
    const target = kind === 'Task' ? at : pod;
    const atMs = soon();
    const freeMs = Math.max(atMs, Math.min(quietAfterMs, atMs + draw.int(1, 60) * 1_000));
    happenings.push({ atMs, happening: { type: 'Hold', kind, at: target, isHeld: true } });
    happenings.push({ atMs: freeMs, happening: { type: 'Hold', kind, at: target, isHeld: false } });
  }
  if (draw.chance(0.08)) {
    const refs = draw.pick<Fields>([
      { agentRef: { name: 'writer' }, templateRef: null },
      { agentRef: { name: 'coder' }, templateRef: null },
      { agentRef: null, templateRef: { name: 'base' } },
      { agentRef: { name: 'nobody' }, templateRef: null },
    ]);
    happenings.push({ atMs: soon(), happening: { type: 'PatchTask', at, spec: refs } });
  }
  if (shares?.[0]?.label !== undefined && draw.chance(0.4)) {
    happenings.push({ atMs: soon(), happening: { type: 'MoveTask', at, label: draw.pick(['a', 'b']) } });
    if (draw.chance(0.4)) happenings.push({ atMs: soon(), happening: { type: 'MoveTask', at, label: draw.pick(['a', 'b']) } });
  }
  return happenings;
}

/** Webhooks, and the deletion of a whole namespace, which may be made again with what `again` says. */
export function upheavals(
  draw: Draw,
  quietAfterMs: number,
  again: (namespace: string, atMs: number) => readonly Timed[],
): readonly Timed[] {
  const happenings: Timed[] = [];
  if (draw.chance(0.18)) {
    const adds = draw.weighted<Extract<Happening, { type: 'Webhook' }>['adds']>([
      [4, { sidecar: true }],
      [1, { deadlineSeconds: draw.int(1, 30) }],
      [1, { sidecar: true, deadlineSeconds: draw.int(5, 30) }],
    ]);
    happenings.push({ atMs: draw.chance(0.7) ? 0 : draw.int(0, quietAfterMs), happening: { type: 'Webhook', adds } });
    if (draw.chance(0.2)) happenings.push({ atMs: draw.int(0, quietAfterMs), happening: { type: 'Webhook', adds: {} } });
  }
  if (draw.chance(0.1)) {
    const namespace = draw.weighted([[3, NAMESPACES[0]], [1, NAMESPACES[1]]]); // biome-ignore format: a table
    const atMs = draw.int(0, quietAfterMs);
    happenings.push({ atMs, happening: { type: 'DeleteNamespace', namespace } });
    if (draw.chance(0.8)) {
      const againMs = atMs + draw.int(1, 60) * 1_000;
      happenings.push({ atMs: againMs, happening: { type: 'CreateNamespace', namespace } });
      happenings.push({ atMs: againMs + 60_000, happening: { type: 'CreateNamespace', namespace } });
      happenings.push(...again(namespace, againMs + draw.int(0, 5_000)));
    }
  }
  return happenings;
}

/** A clock that is set: mostly by a little, as time servers do; sometimes by minutes, as people do and suspended machines. */
export function clockJump(draw: Draw): number {
  const byMs = draw.weighted([[3, draw.int(200, 5_000)], [2, draw.int(5_000, 120_000)], [1, draw.int(300_000, 900_000)]]); // biome-ignore format: a table
  return draw.chance(0.5) ? byMs : -byMs;
}
