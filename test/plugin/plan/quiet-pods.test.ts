import { expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { WatchEvent } from '#host/cluster/cluster.ts';
import type { Call } from '#host/cluster/memory/faults.ts';
import { quietPods } from '#plugin/plan/quiet-pods.ts';
import { condition, pod } from '#test/support/builders.ts';

const watch: Call = { client: 'plan', verb: 'watch', kind: 'Pod', namespace: '', name: '' };
const waits = (reason: string): Pod => pod({ phase: 'Pending', agent: { waiting: { reason } } });

/** Which of a Pod's states a watch tells, the first as the one that was created. */
function told(...states: readonly Pod[]): readonly boolean[] {
  const { onDelivery } = quietPods();
  return states.map((object, index) => {
    const event: WatchEvent = { type: index === 0 ? 'ADDED' : 'MODIFIED', object };
    return onDelivery?.(watch, event)?.type !== 'Drop';
  });
}

const created = pod({ phase: 'Pending', spec: { nodeName: undefined as never }, status: { containerStatuses: [] } });
const bound = pod({ phase: 'Pending', status: { containerStatuses: [] }, metadata: { resourceVersion: '201' } });

test('a Pod on its way is told once, and again when its agent runs', () => {
  expect(told(created, bound, waits('PodInitializing'), waits('ContainerCreating'), pod({ phase: 'Running' }))).toEqual([
    true,
    false,
    false,
    false,
    true,
  ]);
});

test.each<[what: string, state: Pod]>([
  ['an image that can’t be pulled', waits('ImagePullBackOff')],
  [
    'a refusal of the scheduler',
    pod({ phase: 'Pending', status: { containerStatuses: [], conditions: [condition('PodScheduled', 'False', 'Unschedulable')] } }),
  ],
  ['a deletion', pod({ phase: 'Pending', status: { containerStatuses: [] }, metadata: { deletionTimestamp: '2026-01-01T10:00:30Z' } })],
  ['somebody’s annotation', pod({ phase: 'Pending', status: { containerStatuses: [] }, annotations: { note: 'x' } })],
  ['a deadline', pod({ phase: 'Pending', status: { containerStatuses: [] }, spec: { activeDeadlineSeconds: 5 } })],
  ['its end', pod({ phase: 'Failed', status: { reason: 'Evicted' } })],
])('%s is told', (_what, state) => expect(told(created, state)).toEqual([true, true]));

test('and so is that it is over', () => {
  expect(told(created, waits('ErrImagePull'), waits('ContainerCreating'), waits('PodInitializing'))).toEqual([true, true, true, false]);
});

test('nothing but Pods is kept quiet', () => {
  const { onDelivery } = quietPods();
  const event: WatchEvent = { type: 'MODIFIED', object: created };
  for (let times = 0; times < 3; times += 1) expect(onDelivery?.({ ...watch, kind: 'Task' }, event)).toBeUndefined();
  expect(onDelivery?.(watch, { type: 'BOOKMARK', resourceVersion: '1' })).toBeUndefined();
});
