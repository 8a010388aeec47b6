import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Retry } from '#core/api/retry.ts';
import type { TaskStatus } from '#core/api/task.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import { configured, task } from '#test/support/builders.ts';
import { LittleWorld } from '#test/support/little-world.ts';

/** What may happen to a Task in the course of its life. */
const happenings = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('host' as const), prefix: fc.constantFrom(0, 1, 2, 3, Number.POSITIVE_INFINITY) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('end' as const),
      how: fc.constantFrom('fails', 'oom', 'evicted before it started', 'no room', 'succeeds'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('time' as const), seconds: fc.constantFrom(1, 10, 45, 700) }) },
  { weight: 2, arbitrary: fc.constant({ type: 'kubelet' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'deletion' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'lost node' as const }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('stop' as const), value: fc.constantFrom('true', 'false') }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('retry' as const), number: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('suspend' as const), value: fc.boolean() }) },
);

const lives = fc.record({
  retry: fc.record(
    {
      limit: fc.integer({ min: 0, max: 3 }),
      backoff: fc.constantFrom({}, { initial: '0s' }, { initial: '1s', factor: 1 }),
      causes: fc.record(
        { OutOfMemory: fc.integer({ min: 0, max: 2 }), Evicted: fc.integer({ min: 0, max: 1 }), Timeout: fc.integer({ min: 0, max: 2 }) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  ),
  timeout: fc.constantFrom(undefined, '30s', '20m'),
  evidence: fc.constantFrom('Finalizer' as const, 'BestEffort' as const),
  clean: fc.constantFrom({}, { failed: 'Delete' as const }, { failed: 'Delete' as const, delaySeconds: 60 }, { stopped: 'Keep' as const }),
  story: fc.array(happenings, { minLength: 5, maxLength: 60 }),
});

type Happening = typeof happenings extends fc.Arbitrary<infer T> ? T : never;

function happen(world: LittleWorld, happening: Happening): void {
  const annotate = (name: string, value: string): void => {
    const { metadata } = world.task;
    world.task = { ...world.task, metadata: { ...metadata, annotations: { ...metadata.annotations, [`kubeopencode.io/${name}`]: value } } };
  };
  switch (happening.type) {
    case 'host':
      world.step(happening.prefix);
      return;
    case 'end':
      world.end(happening.how);
      return;
    case 'time':
      world.nowMs += happening.seconds * 1_000;
      return;
    case 'kubelet':
      world.obey();
      return;
    case 'deletion':
      world.deletePods();
      return;
    case 'lost node':
      world.deletePods();
      world.step(Number.POSITIVE_INFINITY);
      world.nowMs += 400_000;
      return;
    case 'stop':
      annotate('stop', happening.value);
      return;
    case 'retry':
      annotate('retry', String(happening.number));
      return;
    case 'suspend':
      world.task = { ...world.task, spec: { ...world.task.spec, suspend: happening.value } };
      return;
  }
  happening satisfies never;
}

const isFinished = (status: TaskStatus | undefined): boolean => status?.phase === 'Completed' || status?.phase === 'Failed';

/** What of an end never changes: all but the logs that clean-up notes beside its attempts. */
function endOf(status: TaskStatus | undefined): unknown {
  return { ...status, attempts: status?.attempts?.map(({ log: _, ...attempt }) => attempt) };
}

function checkBudgets(world: LittleWorld, retry: Retry): void {
  const { limit = 0, unstarted = 0, causes = {} } = world.task.status?.retries ?? {};
  expect(limit).toBeLessThanOrEqual(retry.limit ?? 0);
  expect(unstarted).toBeLessThanOrEqual(10);
  const own: Readonly<Record<string, number | undefined>> = { ...retry.causes };
  for (const [cause, spent] of Object.entries(causes)) expect(spent).toBeLessThanOrEqual(own[cause] ?? 0);
}

test('whatever happens, and wherever the host crashes: one live Pod, each attempt once, budgets kept, ends final, nothing held', () => {
  fc.assert(
    fc.property(lives, ({ retry, timeout, evidence, clean, story }) => {
      const spec = { retry, cleanup: { pod: clean }, ...(timeout === undefined ? {} : { timeout }) };
      const world = new LittleWorld(task({ spec }), configured({ evidence }));
      const isHeld = evidence === 'Finalizer';
      let reopened = 0;
      const asked = new Set<number>();
      for (const happening of story) {
        const before = world.task.status;
        happen(world, happening);
        if (happening.type === 'retry') asked.add(happening.number);
        const { status } = world.task;
        expect(world.live.length, 'live Pods').toBeLessThan(2);
        // Without a finalizer a Pod that is gone before anybody has recorded it is known to nobody.
        if (isHeld) expect(new Set(world.created).size, 'an attempt was made twice').toBe(world.created.length);
        checkBudgets(world, retry);
        if (isFinished(before) && !isFinished(status)) reopened += 1;
        else if (isFinished(before)) expect(endOf(status)).toEqual(endOf(before));
        expect(reopened, 'reopened though nobody asked').toBeLessThanOrEqual(asked.size);
        if (isFinished(status)) expect(status?.completionTime).toBeDefined();
      }
      const { limit = 0, unstarted = 0, causes = {} } = world.task.status?.retries ?? {};
      const spent = limit + unstarted + Object.values(causes).reduce((sum, count) => sum + count, 0);
      if (isHeld) expect(world.created.length, 'Pods beyond what was paid for').toBeLessThanOrEqual(1 + spent + reopened);

      // Everything ends once it is left alone.
      world.task = { ...world.task, spec: { ...world.task.spec, suspend: false } };
      for (let round = 0; round < 60; round += 1) {
        const decision = world.settle();
        const { wakeAt } = decision;
        if (wakeAt !== undefined) expect(Date.parse(wakeAt), 'a time to wake that is past').toBeGreaterThan(world.nowMs);
        world.end('fails');
        world.obey();
        world.nowMs += 3_600_000;
      }
      const last = world.settle();
      expect(isFinished(world.task.status), JSON.stringify(world.task.status)).toBe(true);
      expect(last.wakeAt).toBeUndefined();
      expect(world.live).toEqual([]);
      for (const { metadata } of world.pods) expect(metadata.finalizers ?? []).not.toContain(POD_FINALIZER);
    }),
    { numRuns: 400 },
  );
});
