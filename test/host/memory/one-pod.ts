import type { Container, Pod, PodSpec } from '#core/api/kubernetes.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';

/** The Pod of `worldWithPod`. */
export const ADDRESS = { kind: 'Pod', namespace: 'default', name: 'p' } as const;
const FINALIZER = 'example.com/held';
/** Scheduling, the kubelet's notice and its start: after this a Pod without init containers runs. */
export const UNTIL_RUNNING_MS = 1_200;

export interface Setup {
  /** Behind `sim.kubeopencode.io/`. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Partial<PodSpec>;
  readonly isHeld?: boolean;
}

export function worldWithPod({ labels = {}, annotations = {}, spec = {}, isHeld = true }: Setup = {}): World {
  const world = createWorld({ freeze: true });
  const prefixed = (settings: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(settings).map(([key, value]) => [`sim.kubeopencode.io/${key}`, value]));
  const own = { labels: prefixed(labels), annotations: prefixed(annotations) };
  const metadata = { name: 'p', namespace: 'default', ...own, ...(isHeld ? { finalizers: [FINALIZER] } : {}) };
  const containers: Container[] = [{ name: 'agent', image: 'example.com/agent:1' }];
  world.server.create({ apiVersion: 'v1', kind: 'Pod', metadata, ...{ spec: { restartPolicy: 'Never', containers, ...spec } } });
  return world;
}

export function podOf({ server }: World): Pod | undefined {
  return server.find(ADDRESS) as unknown as Pod | undefined;
}

export function condition(world: World, type: string): string | undefined {
  const found = podOf(world)?.status?.conditions?.find((each) => each.type === type);
  return found === undefined ? undefined : [found.status, ...(found.reason === undefined ? [] : [found.reason])].join('/');
}

export function stateOf(world: World, name = 'agent'): string {
  const { status } = podOf(world) ?? {};
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const { waiting, running, terminated } = all.find((each) => each.name === name)?.state ?? {};
  if (terminated !== undefined) return `terminated ${terminated.exitCode} ${terminated.reason}`;
  return running === undefined ? `waiting ${waiting?.reason}` : 'running';
}

export function messageOf(world: World): string | undefined {
  return podOf(world)?.status?.containerStatuses?.[0]?.state?.waiting?.message;
}

/** Phases that watches saw, each once. */
export function phases(world: World): string[] {
  const seen: string[] = [];
  world.server.store.listen('Pod', ({ object }) => {
    const phase = String(object.status?.phase);
    if (seen.at(-1) !== phase) seen.push(phase);
  });
  return seen;
}
