import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ListenAddress } from '../flag-values.ts';

export interface Answer {
  readonly code: number;
  readonly contentType: string;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a route is asked. */
export interface Asked {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<IncomingMessage['headers']>;
  /** What was sent, cut at 4 KiB. */
  body(): Promise<string>;
}

export type Route = (asked: Asked) => Answer | Promise<Answer>;

const ADDRESS_FLAGS = '--metrics-bind-address, --health-probe-bind-address and --debug-bind-address';
/** No route takes more. */
const MAX_BODY_BYTES = 4_096;
const HEADERS_TIMEOUT_MS = 10_000;

/** With a line break at its end, as curl shows it. */
export function plainText(code: number, text: string): Answer {
  return { code, contentType: 'text/plain; charset=utf-8', text: `${text}\n` };
}

/** One named question; `fault` says what is wrong, undefined when it is well. */
export interface Check {
  readonly name: string;
  fault(): string | undefined;
}

/** Paths served at one address. */
export interface Site {
  readonly address: ListenAddress;
  /** By path, for GET and HEAD; one that ends in `/` takes all below it. Another method stands before its path: `PUT /debug/loglevel`. */
  readonly routes: Readonly<Record<string, Route>>;
  /** PEM of certificate and key: HTTPS. Asked for each connection, so that they may change. */
  readonly tls?: () => { readonly cert: string; readonly key: string };
}

export interface Servers {
  /** Where each site listens, in the order given. */
  readonly addresses: readonly ListenAddress[];
  /** Takes no new request, lets those under way end, closes. */
  close(): Promise<void>;
}

/** As the API server answers: `ok`, or 500 with a line for each check; `?verbose` shows them also when all is well. */
export function checkRoutes(path: string, checks: readonly Check[]): Readonly<Record<string, Route>> {
  const answer = (verbose: boolean): Answer => {
    const results = checks.map((check) => ({ name: check.name, fault: check.fault() }));
    const lines = results.map(({ name, fault }) => (fault === undefined ? `[+]${name} ok` : `[-]${name} failed: ${fault}`));
    const failed = results.some(({ fault }) => fault !== undefined);
    const verdict = failed ? `${path.slice(1)} check failed` : `${path.slice(1)} check passed`;
    return {
      code: failed ? 500 : 200,
      contentType: 'text/plain; charset=utf-8',
      text: failed || verbose ? [...lines, verdict, ''].join('\n') : 'ok',
    };
  };
  const one =
    (check: Check): Route =>
    () => {
      const fault = check.fault();
      return { code: fault === undefined ? 200 : 500, contentType: 'text/plain; charset=utf-8', text: fault ?? 'ok' };
    };
  return {
    [path]: () => answer(false),
    [`${path}?verbose`]: () => answer(true),
    ...Object.fromEntries(checks.map((check) => [`${path}/${check.name}`, one(check)])),
  };
}

/** Opens the sites; two with the same address (and a fixed port) share one server. Rejects when an address is taken. */
export async function serve(sites: readonly Site[]): Promise<Servers> {
  const servers = new Map<string, Server>();
  const underWay = new Set<Promise<void>>();
  const routesOf = new Map<string, Record<string, Route>>();
  const keys = sites.map(({ address }, index) => (address.port === 0 ? `#${index}` : `${address.host}:${address.port}`));
  for (const [index, site] of sites.entries()) {
    const key = keys[index] ?? '';
    const routes = { ...routesOf.get(key), ...site.routes };
    routesOf.set(key, routes);
    if (!servers.has(key))
      servers.set(
        key,
        serverOf(site, (request, response) => {
          const handled = handle(routesOf.get(key) ?? {}, request, response).finally(() => {
            underWay.delete(handled);
          });
          underWay.add(handled);
        }),
      );
  }
  const close = async (): Promise<void> => {
    await Promise.all([...servers.values()].map((server) => closeServer(server, underWay)));
  };
  try {
    for (const [index, { address }] of sites.entries()) {
      const server = servers.get(keys[index] ?? '');
      if (server !== undefined && !server.listening) await listen(server, address);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { addresses: sites.map(({ address }, index) => boundTo(servers.get(keys[index] ?? ''), address)), close };
}

function serverOf({ tls }: Site, listener: (request: IncomingMessage, response: ServerResponse) => void): Server {
  if (tls === undefined) return createServer({ headersTimeout: HEADERS_TIMEOUT_MS }, listener);
  let used = tls();
  const server = createTlsServer({ ...used, minVersion: 'TLSv1.2', headersTimeout: HEADERS_TIMEOUT_MS }, listener);
  // Before the listener that shakes hands, so that a renewed certificate serves from the next connection on.
  server.prependListener('connection', () => {
    const now = tls();
    if (now.cert === used.cert && now.key === used.key) return;
    used = now;
    server.setSecureContext({ ...now, minVersion: 'TLSv1.2' });
  });
  return server;
}

async function handle(routes: Readonly<Record<string, Route>>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // From the start: whoever asks may leave before the answer is there.
  const isOver = new Promise<void>((resolve) => {
    response.once('close', resolve);
  });
  const { method = '', url = '/' } = request;
  const [path = '/', query = ''] = url.split('?', 2);
  const route = routeFor(routes, method, url, path);
  const asked: Asked = { method, path, query: new URLSearchParams(query), headers: request.headers, body: () => bodyOf(request) };
  const answer = route === undefined ? plainText(404, 'not found') : await answerOf(route, asked);
  response.writeHead(answer.code, {
    'content-type': answer.contentType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...answer.headers,
  });
  response.end(method === 'HEAD' ? undefined : answer.text);
  await isOver;
}

function routeFor(routes: Readonly<Record<string, Route>>, method: string, url: string, path: string): Route | undefined {
  if (method !== 'GET' && method !== 'HEAD') return own(routes, `${method} ${path}`);
  const folder = Object.keys(routes)
    .filter((key) => key.endsWith('/') && path.startsWith(key))
    .sort((a, b) => b.length - a.length)[0];
  return own(routes, url) ?? own(routes, path) ?? (folder === undefined ? undefined : own(routes, folder));
}

function own(routes: Readonly<Record<string, Route>>, key: string): Route | undefined {
  return Object.hasOwn(routes, key) ? routes[key] : undefined;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) return text.slice(0, MAX_BODY_BYTES);
  }
  return text;
}

async function answerOf(route: Route, asked: Asked): Promise<Answer> {
  try {
    return await route(asked);
  } catch (error) {
    return plainText(500, error instanceof Error ? error.message : String(error));
  }
}

function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: Error): void =>
      reject(new Error(`listen on ${host}:${port}: expected a free address (${ADDRESS_FLAGS} name another)`, { cause }));
    server.once('error', refuse);
    server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}

async function closeServer(server: Server, underWay: ReadonlySet<Promise<void>>): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  await Promise.all(underWay);
  // A scraper's kept-alive connection, or a request that is never ended, would hold the exit for a minute.
  server.closeAllConnections();
  await closed;
}

function boundTo(server: Server | undefined, asked: ListenAddress): ListenAddress {
  const bound = server?.address();
  return { host: asked.host, port: isAddressInfo(bound) ? bound.port : asked.port };
}

function isAddressInfo(address: AddressInfo | string | null | undefined): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
