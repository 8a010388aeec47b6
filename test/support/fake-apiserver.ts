import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import { type Fault, type OpenWatch, sendJson, sendStatus, sendText, serveWatch } from './fake-apiserver-faults.ts';
import { FakeStore, type StatusAnswer, type WriteAnswer } from './fake-apiserver-store.ts';

export type { Fault } from './fake-apiserver-faults.ts';

export type Verb = 'list' | 'watch' | 'get' | 'create' | 'replace' | 'patch' | 'delete' | 'log';

export interface RecordedRequest {
  readonly verb: Verb;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Number of the connection that it came on, from 1. */
  readonly connection: number;
}

export interface FakeApiServer {
  readonly url: string;
  /** Path of a kubeconfig file for it. */
  readonly kubeconfig: string;
  /** What is stored; changes are told to the watches. */
  readonly store: FakeStore;
  readonly requests: readonly RecordedRequest[];
  readonly connections: { readonly opened: number; readonly open: number };
  /** Bytes that clients have not taken yet. */
  readonly pendingBytes: number;
  /** Watches that are being served. */
  readonly watches: number;
  /** The next `times` requests of this verb meet the fault. */
  fail(verb: Verb, fault: Fault, times?: number): void;
  /** Sends every watch of the kind a bookmark with the present version. */
  bookmark(kind: Kind): void;
  /** Text of every log. Its lines were written one second after the other, from `LOG_START` on. */
  log: string;
  close(): Promise<void>;
}

interface Call extends RecordedRequest {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly fault: Fault | undefined;
}

/** An HTTP server on a free port of 127.0.0.1 that speaks as much of the Kubernetes API as the host's transport uses, and does wrong what a test asks for. With `tls` it is HTTPS. */
export async function startFakeApiServer(tls?: ServerOptions): Promise<FakeApiServer> {
  const store = new FakeStore();
  const requests: RecordedRequest[] = [];
  const faults: { readonly verb: Verb; readonly fault: Fault; left: number }[] = [];
  const watches = new Set<OpenWatch>();
  const sockets = new Map<Socket, number>();
  const connections = { opened: 0, open: 0 };

  const takeFault = (verb: Verb): Fault | undefined => {
    const index = faults.findIndex((entry) => entry.verb === verb);
    const entry = faults[index];
    if (entry === undefined) return undefined;
    entry.left--;
    if (entry.left <= 0) faults.splice(index, 1);
    return entry.fault;
  };

  const listener: RequestListener = async (request, response) => {
    const call = await readCall(request, sockets.get(request.socket) ?? 0, takeFault);
    requests.push(call);
    answer(call, response, store, watches, server.log);
  };
  const http = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  http.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    connections.opened++;
    connections.open++;
    sockets.set(socket, connections.opened);
    socket.on('error', () => {});
    socket.on('close', () => {
      connections.open--;
      sockets.delete(socket);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const folder = mkdtempSync(join(tmpdir(), 'fake-apiserver-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigText(url));

  const server: FakeApiServer = {
    url,
    kubeconfig,
    store,
    requests,
    connections,
    log: '',
    get pendingBytes() {
      return [...sockets.keys()].reduce((sum, socket) => sum + socket.writableLength, 0);
    },
    get watches() {
      return watches.size;
    },
    fail: (verb, fault, times = 1) => {
      faults.push({ verb, fault, left: times });
    },
    bookmark: (kind) => {
      const object = { kind, metadata: { resourceVersion: String(store.version) } };
      for (const watch of watches) if (watch.kind === kind) watch.send({ type: 'BOOKMARK', object });
    },
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
  return server;
}

/** Which Kubernetes it says to be, under `/version`. */
const FAKE_VERSION = 'v1.33.0';

function kubeconfigText(url: string): string {
  return `apiVersion: v1
kind: Config
clusters: [{name: fake, cluster: {server: "${url}"}}]
users: [{name: tester, user: {token: test-token}}]
contexts: [{name: fake, context: {cluster: fake, user: tester, namespace: team-a}}, {name: other, context: {cluster: fake, user: tester}}]
current-context: fake
`;
}

async function readCall(request: IncomingMessage, connection: number, takeFault: (verb: Verb) => Fault | undefined): Promise<Call> {
  const url = new URL(request.url ?? '/', 'http://fake');
  const query = Object.fromEntries(url.searchParams);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const parts = url.pathname.split('/').slice(1);
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  const [namespace, plural, name, subresource] = rest[0] === 'namespaces' ? [rest[1], ...rest.slice(2)] : [undefined, ...rest];
  const kinds = Object.keys(RESOURCES) as Kind[];
  const kind = kinds.find((candidate) => RESOURCES[candidate].plural === plural) ?? 'ConfigMap';
  const method = request.method ?? 'GET';
  const verb = verbOf(method, name, subresource, query.watch);
  return {
    verb,
    method,
    path: url.pathname,
    query,
    headers: request.headers,
    body: Buffer.concat(chunks).toString(),
    connection,
    kind,
    namespace,
    name,
    fault: takeFault(verb),
  };
}

function verbOf(method: string, name: string | undefined, subresource: string | undefined, watch: string | undefined): Verb {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'replace';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return 'delete';
    default:
      if (subresource === 'log') return 'log';
      if (name !== undefined) return 'get';
      return watch === 'true' ? 'watch' : 'list';
  }
}

function answer(call: Call, response: ServerResponse, store: FakeStore, watches: Set<OpenWatch>, log: string): void {
  const { fault } = call;
  switch (fault?.type) {
    case 'Silence':
      return;
    case 'ResetBeforeWrite':
      response.socket?.resetAndDestroy();
      return;
    case 'Raw':
      response.writeHead(fault.code, { 'content-type': fault.contentType ?? 'text/html' }).end(fault.body);
      return;
    case 'Status': {
      const headers = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
      sendStatus(response, { code: fault.code, reason: fault.reason ?? '', message: fault.message ?? 'as the test asked' }, headers);
      return;
    }
  }
  if (call.path === '/version') {
    void sendJson(response, 200, { major: '1', minor: '33', gitVersion: FAKE_VERSION }, fault);
    return;
  }
  if (call.verb === 'watch') {
    serveWatch(call, response, store, watches);
    return;
  }
  const result = perform(call, store, log);
  if (fault?.type === 'ResetAfterWrite') response.socket?.resetAndDestroy();
  else if (typeof result === 'string') void sendText(response, result, fault);
  else if ('code' in result) sendStatus(response, result);
  else void sendJson(response, call.verb === 'create' ? 201 : 200, inForm(call, result.object), fault);
}

/** As the real one: what is asked for alone, where there is such. */
function inForm({ headers }: Call, object: unknown): unknown {
  if (!headers.accept?.startsWith('application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1')) return object;
  const { kind, metadata } = object as KubernetesObject;
  return kind === 'Status' ? object : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

function perform(call: Call, store: FakeStore, log: string): string | StatusAnswer | { readonly object: unknown } {
  const { kind, namespace = '', name = '' } = call;
  const body = () => JSON.parse(call.body);
  switch (call.verb) {
    case 'log':
      return logText(log, call.query);
    case 'create':
      return store.create(kind, body());
    case 'replace':
      return store.replace(kind, namespace, name, body());
    case 'patch':
      return store.merge(kind, namespace, name, body());
    case 'delete':
      return remove(call, store, body());
    case 'get': {
      const object = store.get(kind, namespace, name);
      return object === undefined ? { code: 404, reason: 'NotFound', message: `${kind} "${name}" not found` } : { object };
    }
    default:
      return { object: page(call, store) };
  }
}

/** When the first line of a log was written. */
export const LOG_START = '2026-01-01T00:00:00Z';

/** What a kubelet gives of a log: the lines that are young enough, with their times where they are asked for. */
function logText(log: string, { sinceTime, timestamps }: Call['query']): string {
  const sinceMs = sinceTime === undefined ? Number.NEGATIVE_INFINITY : Date.parse(sinceTime);
  const lines = log.split(/(?<=\n)/).map((text, index) => ({ text, atMs: Date.parse(LOG_START) + index * 1_000 }));
  const young = lines.filter(({ atMs }) => atMs >= sinceMs);
  const stamp = (atMs: number): string => new Date(atMs).toISOString().replace('Z', '000000Z');
  return young.map(({ text, atMs }) => (timestamps === 'true' ? `${stamp(atMs)} ${text}` : text)).join('');
}

function remove({ kind, namespace = '', name = '' }: Call, store: FakeStore, options: { preconditions?: { uid?: string } }): WriteAnswer {
  const before = store.get(kind, namespace, name);
  if (before === undefined) return { code: 404, reason: 'NotFound', message: `${kind} "${name}" not found` };
  const uid = options.preconditions?.uid;
  if (uid !== undefined && uid !== before.metadata.uid) {
    return {
      code: 409,
      reason: 'Conflict',
      message: `the UID in the precondition (${uid}) does not match the UID in record (${before.metadata.uid})`,
    };
  }
  if (before.metadata.finalizers?.length) {
    return {
      object: store.put(kind, {
        ...before,
        metadata: { ...before.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 },
      }),
    };
  }
  const last = store.remove(kind, namespace, name) ?? before;
  // As the real one: the last state of a Pod, else a Status.
  return {
    object: kind === 'Pod' ? last : ({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } as unknown as typeof last),
  };
}

/** A continue token is `version:position`: all pages are of the version of the first, as on the real one, unless something is written meanwhile. */
function page({ kind, namespace, query }: Call, store: FakeStore): unknown {
  const [version = String(store.version), position = '0'] = query.continue?.split(':') ?? [];
  const all = store.list(kind, namespace);
  const from = Number(position);
  const to = query.limit === undefined ? all.length : from + Number(query.limit);
  const items = all.slice(from, to).map(({ kind: _, apiVersion: __, ...object }) => object);
  const metadata = { resourceVersion: version, ...(to < all.length ? { continue: `${version}:${to}` } : {}) };
  return { kind: `${kind}List`, apiVersion: 'v1', metadata, items };
}
