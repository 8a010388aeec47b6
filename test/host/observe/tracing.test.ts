import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, expect, test } from 'vitest';
import { NO_TRACING, openTracing, type Tracing } from '#host/observe/tracing.ts';
import { task } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { decided, scriptedEngine } from '#test/support/scripted-engine.ts';
import { virtualHost } from '#test/support/virtual-host.ts';

afterEach(() => {
  trace.disable();
  context.disable();
});

/** An SDK as `--import` would have loaded it. */
function sdk(): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return exporter;
}

function runOne(tracing: Tracing, refuse: boolean) {
  const ref = { kind: 'Task', namespace: 'team-a', name: 'fix-bug' } as const;
  const engine = scriptedEngine(({ task: seen }) =>
    decided({
      reasons: [{ rule: 'task/test', module: 'core', says: 'x', facts: {} }],
      actions:
        seen?.status?.message === undefined && seen?.metadata.uid !== undefined
          ? [
              {
                type: 'Patch',
                id: 'say',
                ref,
                uid: seen.metadata.uid,
                patchType: 'merge',
                subresource: 'status',
                patch: { status: { message: 'hi' } },
              },
            ]
          : [],
    }),
  );
  return virtualHost({
    engine: tracing.engine(engine),
    wrap: (cluster) => tracing.cluster(cluster),
    ...(refuse
      ? {
          faults: {
            onCall: ({ verb }) =>
              verb === 'patch'
                ? { refuse: { type: 'Refused', code: 403, reason: 'Forbidden', message: 'Bearer abcdefgh12345678' } }
                : undefined,
          },
        }
      : {}),
    controller: tracing === NO_TRACING ? {} : { around: (subject, id, work) => tracing.reconcile(subject, id, work, ({ type }) => type) },
  });
}

const shape = (spans: readonly ReadableSpan[]): readonly string[] =>
  spans.map((span) => {
    const parent = spans.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId);
    return `${span.name} < ${parent?.name ?? '-'} ${span.spanContext().traceId === parent?.spanContext().traceId}`;
  });

test('a reconciliation is one trace: its decision and each request stand in it', async () => {
  const exporter = sdk();
  const host = runOne(openTracing('1'), false);
  host.put(newObject('Task', task({ name: 'fix-bug' })));
  await host.start();
  const spans = exporter.getFinishedSpans();
  const inTrace = shape(spans).filter((line) => !line.startsWith('list'));
  expect(inTrace.slice(0, 3)).toEqual(['decide < reconcile Task true', 'patch Task < reconcile Task true', 'reconcile Task < - false']);
  const [decide, patch, reconcile] = spans.filter(({ name }) => !name.startsWith('list'));
  expect(decide?.attributes).toMatchObject({
    'kubeopencode.decision.rules': ['task/test'],
    'kubeopencode.decision.actions': ['Patch say'],
  });
  expect(patch?.attributes).toEqual({
    'k8s.object.kind': 'Task',
    'kubeopencode.verb': 'patch',
    'k8s.namespace.name': 'team-a',
    'k8s.object.name': 'fix-bug',
  });
  expect(reconcile?.attributes).toMatchObject({
    'k8s.namespace.name': 'team-a',
    'kubeopencode.task.name': 'fix-bug',
    'kubeopencode.reconcile.id': 1,
    'kubeopencode.reconcile.result': expect.stringMatching(/^(Done|WakeAt)$/),
  });
});

test('a refusal is told with its code, and without what looks like a secret', async () => {
  const exporter = sdk();
  const host = runOne(openTracing('1'), true);
  host.put(newObject('Task', task({ name: 'fix-bug' })));
  await host.start();
  const patch = exporter.getFinishedSpans().find(({ name }) => name === 'patch Task');
  expect([patch?.status, patch?.attributes['http.response.status_code'], patch?.attributes['error.type']]).toEqual([
    { code: 2, message: 'Bearer ***' },
    403,
    'Forbidden',
  ]);
});

test('without an SDK nothing is wrapped: what comes out is what went in', () => {
  const tracing = openTracing('1');
  const engine = scriptedEngine(() => decided());
  const { caches: _caches, ...host } = virtualHost({ engine });
  expect(tracing).toBe(NO_TRACING);
  expect(tracing.engine(engine)).toBe(engine);
  const work = Promise.resolve({ type: 'Done' as const });
  expect(
    tracing.reconcile(
      { namespace: 'n', name: 'a', uid: 'u' },
      1,
      () => work,
      ({ type }) => type,
    ),
  ).toBe(work);
  expect(host.writes).toEqual([]);
});
