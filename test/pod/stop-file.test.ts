import { describe, expect, test } from 'vitest';
import type { Stop } from '#core/api/task-parts.ts';
import { built, type Ingredients, refusal } from './support.ts';

const MOUNT = { name: 'stop-reason', mountPath: '/etc/kubeopencode/stop', readOnly: true };

describe('the agent can read why it is stopped', () => {
  test.each<{ by: string; ingredients: Ingredients }>([
    { by: 'the Task', ingredients: { task: { stop: { mode: 'Retain' } } } },
    { by: 'the defaults of its Agent', ingredients: { agent: { taskDefaults: { stop: {} } } } },
    { by: 'the defaults of the cluster', ingredients: { config: { taskDefaults: { stop: { gracePeriodSeconds: 5 } } } } },
  ])('where $by says how it is stopped', ({ ingredients }) => {
    const { pod, main } = built(ingredients);
    expect(pod.spec.volumes?.find(({ name }) => name === 'stop-reason')).toEqual({
      name: 'stop-reason',
      downwardAPI: { items: [{ path: 'reason', fieldRef: { fieldPath: "metadata.annotations['kubeopencode.io/stop-reason']" } }] },
    });
    expect(main.volumeMounts).toContainEqual(MOUNT);
    expect(main.env).toContainEqual({ name: 'KUBEOPENCODE_STOP_REASON_FILE', value: '/etc/kubeopencode/stop/reason' });
  });

  test('and where nobody does the Pod is as it always was', () => {
    const { pod, main } = built({});
    expect(pod.spec.volumes?.some(({ name }) => name === 'stop-reason')).toBe(false);
    expect(main.volumeMounts).not.toContainEqual(MOUNT);
  });

  test('nobody can write the reason beforehand', () => {
    const podSpec = { annotations: { 'kubeopencode.io/stop-reason': 'Stopped' } };
    expect(refusal({ template: { podSpec } }).message).toContain('must not set kubeopencode.io/stop-reason');
  });
});

describe('the time between SIGTERM and SIGKILL', () => {
  test.each<{ of: string; stop?: Stop; podSpec?: { terminationGracePeriodSeconds: number }; is: number | undefined }>([
    { of: 'nobody’s word', is: undefined },
    { of: 'the stop', stop: { gracePeriodSeconds: 90 }, is: 90 },
    { of: 'the Pod, which wins', stop: { gracePeriodSeconds: 90 }, podSpec: { terminationGracePeriodSeconds: 20 }, is: 20 },
    { of: 'a stop without a grace', stop: { mode: 'Retain' }, is: undefined },
  ])('is $of', ({ stop, podSpec, is }) => {
    const { pod } = built({
      ...(stop === undefined ? {} : { task: { stop } }),
      ...(podSpec === undefined ? {} : { template: { podSpec } }),
    });
    expect(pod.spec.terminationGracePeriodSeconds).toBe(is);
  });

  test('a stop that was stored in another shape counts as nothing', () => {
    const stop = { gracePeriodSeconds: 'soon' } as unknown as Stop;
    expect(built({ task: { stop } }).pod.spec).not.toHaveProperty('terminationGracePeriodSeconds');
  });
});
