import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Agent, type Dispatcher, request as send } from 'undici';
import { clusterInfo } from './info.ts';

/** A call on its way from a host to the API server. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly isWatch: boolean;
}

/** What the proxy does with a call. */
export type Verdict =
  | { readonly type: 'Pass' }
  /** Answers itself; the API server hears nothing. */
  | { readonly type: 'Answer'; readonly code: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** Nothing happens, for as long as the caller waits. */
  | { readonly type: 'Stall' }
  /** The API server does it, the caller gets no answer. */
  | { readonly type: 'LoseAnswer' }
  /** The API server does it and answers; the caller gets the answer, or each part of a watch, only after this. */
  | { readonly type: 'Hold'; readonly until: Promise<void> };

export interface Proxy {
  /** `http://127.0.0.1:PORT`, for a kubeconfig. */
  readonly url: string;
  /** Decides on every call from now on. */
  judge(verdict: (call: Call) => Verdict): void;
  /** Ends the watches under way that are meant, as an API server that is too busy does. Returns how many. */
  cutWatches(isMeant?: (call: Call) => boolean): number;
  /** Calls so far, oldest first. */
  readonly calls: readonly Call[];
  close(): Promise<void>;
}

/** A proxy before the suite's API server that can do to a host what networks and busy API servers do. */
export async function openProxy(): Promise<Proxy> {
  const { server: target, certificateAuthority } = clusterInfo();
  const agent = new Agent({ connect: { ca: certificateAuthority }, headersTimeout: 0, bodyTimeout: 0 });
  let judge: (call: Call) => Verdict = () => ({ type: 'Pass' });
  const calls: Call[] = [];
  const watches = new Map<ServerResponse, Call>();

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const call = callOf(incoming);
    calls.push(call);
    const verdict = judge(call);
    if (verdict.type === 'Answer') {
      outgoing.writeHead(verdict.code, { 'content-type': 'application/json', ...verdict.headers }).end(JSON.stringify(verdict.body));
      return;
    }
    if (verdict.type === 'Stall') return;
    const caller = new AbortController();
    outgoing.on('close', () => caller.abort());
    const answer = await forward(agent, target, incoming, caller.signal);
    if (verdict.type === 'LoseAnswer') {
      await answer.body.dump();
      outgoing.destroy();
      return;
    }
    const held = verdict.type === 'Hold' ? verdict.until : Promise.resolve();
    if (call.isWatch) watches.set(outgoing, call);
    outgoing.on('close', () => watches.delete(outgoing));
    if (!call.isWatch) await held;
    outgoing.writeHead(answer.statusCode, answer.headers);
    if (call.isWatch) outgoing.flushHeaders();
    for await (const chunk of answer.body) {
      await held;
      outgoing.write(chunk);
    }
    outgoing.end();
  };
  const server = createServer((incoming, outgoing) => {
    // Either side may go away at any moment: that is what this is for.
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const url = await listen(server);
  return {
    url,
    calls,
    judge(verdict) {
      judge = verdict;
    },
    cutWatches(isMeant = () => true) {
      const meant = [...watches].filter(([, call]) => isMeant(call));
      for (const [outgoing] of meant) outgoing.destroy();
      return meant.length;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await agent.destroy();
    },
  };
}

function callOf(incoming: IncomingMessage): Call {
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://proxy');
  return { method: incoming.method ?? 'GET', path: pathname, query: searchParams, isWatch: searchParams.get('watch') !== null };
}

async function forward(agent: Agent, target: string, incoming: IncomingMessage, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  const { host: _, connection: __, 'transfer-encoding': ___, ...headers } = incoming.headers;
  const body: Buffer[] = [];
  for await (const chunk of incoming) body.push(chunk);
  const method = incoming.method as Dispatcher.HttpMethod;
  return send(`${target}${incoming.url}`, {
    method,
    headers,
    signal,
    dispatcher: agent,
    ...(body.length > 0 && { body: Buffer.concat(body) }),
  });
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = server.address();
      if (address === null || typeof address === 'string')
        reject(new Error(`opening a proxy: expected an address with a port, got ${address}`));
      else resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}
