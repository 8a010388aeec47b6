import { expect, test } from 'vitest';
import { isEndedByDeadline, latestPod } from '#plugin/why/pods.ts';
import { pod } from '#test/support/builders.ts';

test('the latest Pod is that of the highest attempt, not the last by name', () => {
  const [second, tenth] = [2, 10].map((number) =>
    pod({ metadata: { name: `fix-bug-pod-${number}` }, annotations: { 'kubeopencode.io/attempt': String(number) } }),
  );
  const foreign = pod({ metadata: { name: 'other', annotations: {} } });
  if (second === undefined || tenth === undefined) throw new Error('expected two Pods');
  expect(latestPod([foreign, tenth, second])).toBe(tenth);
  expect(latestPod([foreign])).toBe(foreign);
  expect(latestPod([])).toBeUndefined();
});

test.each([
  [true, pod({ annotations: { 'kubeopencode.io/ended-for': 'Stopped' } })],
  [false, pod({ phase: 'Failed', annotations: { 'kubeopencode.io/ended-for': 'Stopped' } })],
  [false, pod({ annotations: { 'kubeopencode.io/ended-for': 'Stopped' }, metadata: { deletionTimestamp: '2026-01-01T10:00:00Z' } })],
  [false, pod({ spec: { activeDeadlineSeconds: 1 } })],
])('ended by its deadline, and not there yet: %s', (is, made) => {
  const annotations = made.metadata.annotations ?? {};
  expect(isEndedByDeadline({ ...made, metadata: { ...made.metadata, annotations } })).toBe(is);
});
