import type { KubeOpenCodeConfig } from '#core/api/config.ts';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { expectedReads } from '#core/contract/expected-reads.ts';
import { CONFIG_NAME } from '#core/contract/names.ts';
import { type Ref, refKey, type Snapshot } from '#core/contract/snapshot.ts';
import { timestamp } from '#host/clock.ts';
import type { World } from '#host/cluster/memory/world.ts';
import type { Engine } from '#host/engine/engine.ts';
import type { TaskRecord } from './records.ts';

/** Rules by which a Task waits for somebody to mend its spec, or the configuration, by the reason of its condition Ready. */
const RULES: Readonly<Record<string, string>> = { InvalidSpec: 'task/invalid-spec', ConfigError: 'task/config-unusable' };

/** Whether what a Task says of itself, or of everybody's configuration, is so: the core says it of the same Task when it is new, so nobody has mended it. */
export function isMalformed(engine: Engine, world: World, { latest, namespace }: TaskRecord, says: string | undefined): boolean {
  const rule = RULES[says ?? ''];
  if (rule === undefined) return false;
  const { status: _, ...task } = latest;
  const subject = { namespace, name: latest.metadata.name, uid: latest.metadata.uid ?? '' };
  const result = engine.decide(snapshotOf(world, { subject, task: task as Task, pods: [] }));
  return result.type === 'Answered' && result.decision.type === 'Decided' && result.decision.reasons.some((reason) => reason.rule === rule);
}

function snapshotOf({ clock, server }: World, facts: Pick<Snapshot, 'subject' | 'task' | 'pods'>): Snapshot {
  const find = (ref: Ref): KubernetesObject | undefined => server.find({ kind: ref.kind, namespace: ref.namespace, name: ref.name });
  const read = expectedReads(facts, find).map((ref) => {
    const found = find(ref);
    return [refKey(ref), found === undefined ? { absent: true as const } : { found }] as const;
  });
  const config = server.find({ kind: 'KubeOpenCodeConfig', namespace: '', name: CONFIG_NAME }) as KubeOpenCodeConfig | undefined;
  return {
    contract: 1,
    kind: 'Task',
    now: timestamp(clock.now()),
    ...facts,
    read: Object.fromEntries(read),
    outcomes: [],
    settings: { config: config?.spec ?? {}, referenceGraceSeconds: 60, unreachableAfterSeconds: 300 },
  };
}
