import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boundedWords, LabelBound, OTHER } from '#host/observe/metrics/label-bound.ts';
import { createMetrics } from '#host/observe/metrics.ts';

test('the first owners keep their names; those that come when it is full share one, until some of the first are gone', () => {
  let folded = 0;
  const bound = new LabelBound(() => {
    folded += 1;
  }, 2);
  const [a, b, c] = ['a', 'b', 'c'].map((agent) => ({ namespace: 'ns', agent }));
  if (a === undefined || b === undefined || c === undefined) throw new Error('expected three');
  expect([bound.admit(a), bound.admit(b), bound.admit(c), bound.admit(a)]).toEqual([a, b, { namespace: OTHER, agent: OTHER }, a]);
  expect(folded).toBe(1);
  expect(bound.prune(({ agent }) => agent !== 'a')).toEqual([a]);
  expect([bound.admit(c), bound.admit(a)]).toEqual([c, { namespace: OTHER, agent: OTHER }]);
});

test('what is shared is added up', () => {
  const bound = new LabelBound(() => {}, 1);
  const samples = ['a', 'b', 'c'].map((namespace) => ({ labels: { namespace, phase: 'Running' }, value: 2 }));
  expect(bound.fold(samples)).toEqual([
    { labels: { namespace: 'a', phase: 'Running' }, value: 2 },
    { labels: { namespace: OTHER, phase: 'Running' }, value: 4 },
  ]);
});

test('nothing is lost and no more names are told than there may be, whatever comes', () => {
  const owner = fc.record({ namespace: fc.constantFrom('a', 'b', 'c', 'd'), agent: fc.constantFrom('', 'x', 'y', 'z') });
  fc.assert(
    fc.property(fc.array(owner), fc.integer({ min: 1, max: 5 }), (owners, limit) => {
      const folded = new LabelBound(() => {}, limit).fold(owners.map((labels) => ({ labels, value: 1 })));
      expect(folded.reduce((sum, { value }) => sum + value, 0)).toBe(owners.length);
      expect(folded.filter(({ labels }) => labels.namespace !== OTHER).length).toBeLessThanOrEqual(limit);
    }),
  );
});

test('a core that makes up rules costs a bounded number of series', () => {
  const word = boundedWords(2, () => {});
  expect(['a', 'b', 'c', 'a'].map(word)).toEqual(['a', 'b', OTHER, 'a']);
});

test('a thousand Agents make no more series than 500, and those of Agents that are gone make room', async () => {
  const metrics = createMetrics({ leaseName: 'l', version: '1', coreDigest: 'c', process: false });
  for (let index = 0; index < 1_000; index += 1) metrics.taskStarted({ namespace: 'ns', agent: `agent-${index}` }, 1);
  const agents = async (): Promise<readonly string[]> =>
    [...(await metrics.scrape()).text.matchAll(/^kubeopencode_task_wait_seconds_count\{.*agent="(.*)"\} /gm)].map(
      ([, agent = '']) => agent,
    );
  const before = await agents();
  expect([before.length, before.includes(OTHER), before.includes('agent-499'), before.includes('agent-500')]).toEqual([
    501,
    true,
    true,
    false,
  ]);
  expect((await metrics.scrape()).text).toContain('kubeopencode_metrics_folded_total 500');
  metrics.observe({ isOwnerThere: ({ agent }) => agent === 'agent-7' });
  expect(await agents()).toEqual(['agent-7', OTHER]);
  metrics.taskStarted({ namespace: 'ns', agent: 'agent-900' }, 1);
  expect(await agents()).toContain('agent-900');
});
