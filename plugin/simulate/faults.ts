import type { FaultName, Happening } from '#host/simulation/scenario.ts';

/** What goes wrong under one name of `--fault`: on the way of calls and watches, and what befalls hosts, nodes and Pods. */
interface Fault {
  readonly rates: readonly FaultName[];
  readonly happenings: readonly Happening['type'][];
  readonly says: string;
}

export const FAULT_GROUPS = {
  crash: { rates: ['crash'], happenings: ['CrashHost'], says: 'the controller dies, also between two writes, and another begins' },
  pause: { rates: ['pause'], happenings: ['PauseHost'], says: 'it stands still while another leads, and goes on' },
  rollout: { rates: [], happenings: ['ReplaceHost'], says: 'it is replaced in good order' },
  clock: { rates: [], happenings: ['JumpClock'], says: 'its clock is set, forward or back' },
  refuse: { rates: ['refuse'], happenings: [], says: 'the API server refuses calls: 409, 403, 429, 500, or does not answer' },
  lose: { rates: ['lose'], happenings: [], says: 'a write is done and its answer is lost' },
  slow: { rates: ['slow', 'late'], happenings: [], says: 'calls take their time, or reach the server when their sender is gone' },
  watch: {
    rates: ['watchDelay', 'watchTwice', 'watchClose', 'watchFail', 'watchStall', 'watchMute'],
    happenings: ['Compact'],
    says: 'events come late, twice or not at all; watches end, or begin anew',
  },
  log: { rates: ['log'], happenings: [], says: 'logs can’t be read, come late, break off' },
  session: { rates: ['session'], happenings: [], says: 'the server of an Agent fails or does not answer' },
  node: { rates: [], happenings: ['NodeLost', 'NodeTainted', 'NodeBack'], says: 'a node is lost, and comes back' },
  quota: { rates: [], happenings: ['PodQuota'], says: 'a ResourceQuota refuses Pods for a while' },
  eviction: { rates: [], happenings: ['EvictPod'], says: 'Pods are evicted' },
  deletion: { rates: [], happenings: ['Delete'], says: 'people delete Pods' },
  stop: { rates: [], happenings: ['StopTask'], says: 'people stop Tasks' },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultGroup = keyof typeof FAULT_GROUPS;
export const FAULT_NAMES = Object.keys(FAULT_GROUPS) as readonly FaultGroup[];

/** Which faults of calls and watches belong to these groups. */
export function ratesOf(groups: readonly FaultGroup[]): ReadonlySet<FaultName> {
  return new Set(groups.flatMap((group): readonly FaultName[] => FAULT_GROUPS[group].rates));
}

/** What may befall the cluster with these groups. */
export function happeningsOf(groups: readonly FaultGroup[]): ReadonlySet<Happening['type']> {
  return new Set(groups.flatMap((group): readonly Happening['type'][] => FAULT_GROUPS[group].happenings));
}
