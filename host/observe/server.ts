import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ListenAddress } from '../flag-values.ts';

export interface Answer {
  readonly code: number;
  readonly contentType: string;
  readonly text: string;
}

export type Route = () => Answer | Promise<Answer>;

/** One named question; `fault` says what is wrong, undefined when it is well. */
export interface Check {
  readonly name: string;
  fault(): string | undefined;
}

/** Paths served at one address. */
export interface Site {
  readonly address: ListenAddress;
  readonly routes: Readonly<Record<string, Route>>;
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
        createServer((request, response) => {
          const handled = handle(routesOf.get(key) ?? {}, request.method ?? '', request.url ?? '/', response).finally(() => {
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

async function handle(routes: Readonly<Record<string, Route>>, method: string, url: string, response: ServerResponse): Promise<void> {
  // From the start: whoever asks may leave before the answer is there.
  const isOver = new Promise<void>((resolve) => {
    response.once('close', resolve);
  });
  const route = method === 'GET' || method === 'HEAD' ? (routes[url] ?? routes[url.split('?')[0] ?? '']) : undefined;
  const answer = route === undefined ? { code: 404, contentType: 'text/plain; charset=utf-8', text: 'not found' } : await answerOf(route);
  response.writeHead(answer.code, { 'content-type': answer.contentType, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  response.end(method === 'HEAD' ? undefined : answer.text);
  await isOver;
}

async function answerOf(route: Route): Promise<Answer> {
  try {
    return await route();
  } catch (error) {
    return { code: 500, contentType: 'text/plain; charset=utf-8', text: error instanceof Error ? error.message : String(error) };
  }
}

function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: Error): void => reject(new Error(`listen on ${host}:${port}: expected a free address`, { cause }));
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
