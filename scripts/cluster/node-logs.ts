import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '#core/api/kubernetes.ts';
import type { LogOptions } from '#host/cluster/cluster.ts';
import { podLog, writtenLog } from '#host/cluster/memory/pod-log.ts';
import { type PodRun, resumedRun } from '#host/cluster/memory/pod-run.ts';
import { podScript } from '#host/cluster/memory/pod-script.ts';
import type { ApiClient } from './api.ts';

/** How often one who follows a log is given what is new. */
const LOOK_EVERY_MS = 200;
const PATH = /^\/containerLogs\/([^/]+)\/([^/]+)\/([^/]+)$/;
/** `status.reason` of Pods that a kubelet ends and takes the containers of. */
const TAKEN = new Set(['Evicted', 'Preempting']);

export interface NodeLogsOptions {
  readonly api: Pick<ApiClient, 'call'>;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  /** On 127.0.0.1; the nodes' `kubeletEndpoint`. */
  readonly port: number;
}

/**
 * The part of a kubelet that answers for logs. kwok can do that too, but gives all Pods the same file and never ends a log that is followed. What a container has
 * written follows from its state and the Pod's annotation `sim.kubeopencode.io/log`, as on the memory cluster. Resolves, when it listens, to what closes it.
 */
export async function serveNodeLogs({ api, certificate, key, port }: NodeLogsOptions): Promise<() => Promise<void>> {
  const server = createServer({ cert: certificate, key }, (request, response) => {
    // Who follows a log may go away at any moment.
    answer(api, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ port, host: '127.0.0.1' }, resolve));
  server.unref();
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

async function answer(api: NodeLogsOptions['api'], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://node');
  const [, namespace = '', name = '', container = ''] = PATH.exec(pathname) ?? [];
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const pod = name === '' ? null : await podAt(api, path);
  if (pod === null) return void response.writeHead(404).end(`no log at ${pathname}`);
  const options = optionsOf(container, searchParams);
  const nowMs = Date.now();
  const first = podLog({ pod, run: runOf(pod), options, nowMs, isCutOff: false });
  if (!first.ok) return void response.writeHead(first.error.type === 'Refused' ? first.error.code : 500).end(first.error.message);
  response.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders();
  response.write(first.value);
  if (searchParams.get('follow') === 'true') await follow({ api, path, options, response, openedMs: nowMs }, pod);
  response.end();
}

interface Follower {
  readonly api: NodeLogsOptions['api'];
  /** Of the Pod. */
  readonly path: string;
  readonly options: Pick<LogOptions, 'container' | 'timestamps'>;
  readonly response: ServerResponse;
  /** When what was written so far was given: what is written from then on comes, not what is written from some milliseconds later on. */
  readonly openedMs: number;
}

/** What comes after the opening, until the container has ended or its Pod is gone. */
async function follow({ api, path, options, response, openedMs }: Follower, opened: Pod): Promise<void> {
  let written = writtenLog(runOf(opened), options, openedMs);
  let seen = written?.text.length ?? 0;
  while (written?.isOver === false && !response.destroyed) {
    await sleep(LOOK_EVERY_MS);
    const pod = await podAt(api, path);
    if (pod?.metadata.uid !== opened.metadata.uid || pod === null) return;
    written = writtenLog(runOf(pod), options, Date.now());
    const text = written?.text ?? '';
    if (text.length > seen) response.write(text.slice(seen));
    seen = Math.max(seen, text.length);
  }
}

async function podAt(api: NodeLogsOptions['api'], path: string): Promise<Pod | null> {
  const { code, text } = await api.call('GET', path);
  return code === 200 ? JSON.parse(text) : null;
}

/** What a kubelet would know of the Pod, by its status. */
function runOf(pod: Pod): PodRun {
  const run = resumedRun(pod, podScript(pod), Date.now());
  const { reason = '', message = '' } = pod.status ?? {};
  return TAKEN.has(reason) ? { ...run, verdict: { reason, message, disruption: message } } : run;
}

function optionsOf(container: string, query: URLSearchParams): LogOptions {
  const numberOf = (name: string): number | undefined => (query.has(name) ? Number(query.get(name)) : undefined);
  const [tailLines, limitBytes, sinceSeconds] = ['tailLines', 'limitBytes', 'sinceSeconds'].map(numberOf);
  const sinceTime = query.get('sinceTime');
  return {
    container,
    ...(sinceTime === null ? {} : { sinceTime }),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    timestamps: query.get('timestamps') === 'true',
  };
}
