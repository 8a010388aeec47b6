import { type Attributes, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Subject } from '#core/contract/snapshot.ts';
import type { Cluster, ClusterError, Result } from '../cluster/cluster.ts';
import { delegated } from '../cluster/delegated.ts';
import type { Engine } from '../engine/engine.ts';
import { redactText } from './redact.ts';

const NAME = 'kubeopencode-host';

/** Spans of what the host does. Attributes are those of OpenTelemetry's semantic conventions for Kubernetes and HTTP where there are such. */
export interface Tracing {
  /** Runs the work on a Task in a span of its own; `resultOf` says what it came to. */
  reconcile<T>(subject: Subject, reconcileID: number, work: () => Promise<T>, resultOf: (value: T) => string): Promise<T>;
  /** The same engine, with a span for each call. */
  engine(engine: Engine): Engine;
  /** The same cluster, with a span for each call but watches and followed logs, which last as long as there is something to follow. */
  cluster(cluster: Cluster): Cluster;
}

/** No span, and not one call more: what comes out is what went in. */
export const NO_TRACING: Tracing = {
  reconcile: (_subject, _reconcileID, work) => work(),
  engine: (engine) => engine,
  cluster: (cluster) => cluster,
};

/**
 * Tracing through OpenTelemetry's API, by whatever SDK the process was started with (`NODE_OPTIONS=--import …`). Without one, nothing is wrapped. `isOn` absent:
 * looks whether an SDK is there.
 */
export function openTracing(version: string, isOn = isSdkLoaded()): Tracing {
  return isOn ? tracingOf(version) : NO_TRACING;
}

/** The API's own tracer makes spans that record nothing and belong to no trace. */
function isSdkLoaded(): boolean {
  const span = trace.getTracer(NAME).startSpan('is anybody there');
  const { traceId } = span.spanContext();
  // Never ended: an SDK exports none of it.
  return /[1-9a-f]/.test(traceId);
}

function tracingOf(version: string): Tracing {
  const tracer = trace.getTracer(NAME, version);

  function traced<T>(name: string, kind: SpanKind, attributes: Attributes, work: (span: Span) => T): T {
    return tracer.startActiveSpan(name, { kind, attributes }, context.active(), work);
  }

  function called<T>(
    verb: string,
    kind: string,
    at: { readonly namespace?: string; readonly name?: string },
    call: () => Promise<Result<T>>,
  ): Promise<Result<T>> {
    const attributes: Attributes = {
      'k8s.object.kind': kind,
      'kubeopencode.verb': verb,
      ...(at.namespace ? { 'k8s.namespace.name': at.namespace } : {}),
      ...(at.name ? { 'k8s.object.name': at.name } : {}),
    };
    return traced(`${verb} ${kind}`, SpanKind.CLIENT, attributes, async (span) => {
      try {
        const result = await call();
        if (!result.ok) fail(span, result.error);
        return result;
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: redactText(String(error)) });
        throw error;
      } finally {
        span.end();
      }
    });
  }

  return {
    reconcile: ({ namespace, name, uid }, reconcileID, work, resultOf) => {
      const attributes = {
        'k8s.namespace.name': namespace,
        'kubeopencode.task.name': name,
        'kubeopencode.task.uid': uid,
        'kubeopencode.reconcile.id': reconcileID,
      };
      return traced('reconcile Task', SpanKind.INTERNAL, attributes, async (span) => {
        try {
          const value = await work();
          const result = resultOf(value);
          span.setAttribute('kubeopencode.reconcile.result', result);
          if (result === 'Failed' || result === 'Unavailable') span.setStatus({ code: SpanStatusCode.ERROR });
          return value;
        } finally {
          span.end();
        }
      });
    },
    engine: (engine) => ({
      get digest() {
        return engine.digest;
      },
      decide: (snapshot, call) =>
        traced('decide', SpanKind.INTERNAL, { 'kubeopencode.core.digest': engine.digest }, (span) => {
          const result = engine.decide(snapshot, call);
          if (result.type === 'EngineError')
            span.setStatus({ code: SpanStatusCode.ERROR, message: `${result.cause}: ${redactText(result.message)}` });
          else {
            const { decision } = result;
            span.setAttributes({ 'kubeopencode.decision.type': decision.type, 'kubeopencode.decision.fuel': result.fuelUsed });
            if (decision.type === 'Decided') {
              span.setAttribute(
                'kubeopencode.decision.rules',
                decision.reasons.map(({ rule }) => rule),
              );
              span.setAttribute(
                'kubeopencode.decision.actions',
                decision.actions.map(({ type, id }) => `${type} ${id}`),
              );
            }
          }
          span.end();
          return result;
        }),
    }),
    cluster: (cluster) => ({
      ...delegated(cluster),
      list: (options, signal) => called('list', options.kind, options, () => cluster.list(options, signal)),
      get: (address, signal) => called('get', address.kind, address, () => cluster.get(address, signal)),
      create: (object, options, signal) => called('create', object.kind, object.metadata, () => cluster.create(object, options, signal)),
      replace: (object, signal) => called('update', object.kind, object.metadata, () => cluster.replace(object, signal)),
      patch: (address, patch, options, signal) =>
        called('patch', address.kind, address, () => cluster.patch(address, patch, options, signal)),
      delete: (address, options, signal) => called('delete', address.kind, address, () => cluster.delete(address, options, signal)),
      logs: (address, options, signal) => called('logs', address.kind, address, () => cluster.logs(address, options, signal)),
    }),
  };
}

function fail(span: Span, error: ClusterError): void {
  if (error.type === 'Refused')
    span.setAttributes({ 'http.response.status_code': error.code, 'error.type': error.reason || String(error.code) });
  else span.setAttribute('error.type', error.type);
  // What is not there is an answer, too.
  if (error.type !== 'Refused' || error.code !== 404) span.setStatus({ code: SpanStatusCode.ERROR, message: redactText(error.message) });
}
