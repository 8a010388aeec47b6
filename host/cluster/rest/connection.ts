import { createHash } from 'node:crypto';
import { Agent, type Dispatcher, EnvHttpProxyAgent, ProxyAgent, Socks5ProxyAgent } from 'undici';
import type { Clock } from '../../clock.ts';
import type { ClusterError, Result } from '../cluster.ts';
import { TimedOut, unreachable } from './failures.ts';
import { type CredentialSource, type Credentials, type KubeConfigSource, loadCredentialSource, type TlsOptions } from './kube-config.ts';

/** How long credentials serve before files and plugins are asked again: a burst of calls reads them once. */
const CREDENTIALS_FRESH_MS = 1_000;
/** After a 401 the kubeconfig itself is read again, at most this often. */
const RELOAD_EVERY_MS = 10_000;
/** Shorter than the idle limits of API servers (90 s) and of most load balancers (60 s), so that no request meets a connection that is being closed. */
const KEEP_ALIVE_MS = 45_000;
/** As client-go: an address that is gone is noticed although nothing is sent. */
const TCP_KEEP_ALIVE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;

export interface ConnectionOptions extends KubeConfigSource {
  readonly clock: Clock;
  readonly userAgent: string;
  /** Told of each request when its answer begins, or when it has failed. */
  readonly onExchange?: (exchange: Exchange) => void;
}

/** One request and what came of it. Its headers hold credentials, its body what is written. */
export interface Exchange {
  readonly method: HttpRequest['method'];
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: string;
  readonly came:
    | { readonly type: 'Answer'; readonly code: number; readonly headers: Exchange['headers'] }
    | { readonly type: 'Failure'; readonly message: string };
  /** Until the answer began. */
  readonly tookMs: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With query. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly accept?: string;
}

export type HttpAnswer = Pick<Dispatcher.ResponseData, 'statusCode' | 'headers' | 'body'>;

/**
 * One pool of connections to one API server with one set of credentials. The pool is replaced when the address, a certificate or the proxy changes; requests
 * under way end on the old one.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  #source: CredentialSource;
  #sourceLoadedAtMs: number;
  #pool: { readonly key: string; readonly dispatcher: Dispatcher } | undefined;
  #fresh: { readonly credentials: Credentials; readonly untilMs: number } | undefined;
  #asked: Promise<Result<Credentials>> | undefined;
  #isClosed = false;

  /** Throws an error that says what to change when there is no usable configuration. Connects to nothing yet. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#source = loadCredentialSource(options);
    this.#sourceLoadedAtMs = options.clock.monotonic();
  }

  /** Address of the API server, as the kubeconfig has it. */
  get server(): string {
    return this.#source.getCurrentCluster()?.server ?? '';
  }

  get contextName(): string {
    return this.#source.getCurrentContext();
  }

  /** Namespace of the context (in a Pod: the Pod's own); `default` when it has none. */
  get namespace(): string {
    return this.#source.getContextObject(this.contextName)?.namespace?.trim() || 'default';
  }

  /** Sends one request. The caller reads the body to its end or destroys it: a body that is left holds its socket for good. */
  async open(request: HttpRequest, signal: AbortSignal): Promise<Result<HttpAnswer>> {
    const what = `${request.method} ${this.server}${request.path.split('?', 1)[0]}`;
    if (this.#isClosed)
      return { ok: false, error: { type: 'Unreachable', message: `${what}: expected an open connection, it was closed` } };
    const credentials = await aborted(this.#credentials(), signal);
    if (credentials === 'Aborted') return { ok: false, error: this.#withoutCredentials(what, signal.reason) };
    if (!credentials.ok) return credentials;
    const headers = this.#headers(request, credentials.value);
    const told = this.#exchange(request, headers);
    try {
      const { origin, pathname } = new URL(this.server);
      const answer = await this.#dispatcher(credentials.value).request({
        origin,
        path: `${pathname.replace(/\/$/, '')}${request.path}`,
        method: request.method,
        headers,
        signal,
        // Time is the callers' affair: watches are silent for long.
        headersTimeout: 0,
        bodyTimeout: 0,
        ...(request.body === undefined ? {} : { body: request.body }),
      });
      told({ type: 'Answer', code: answer.statusCode, headers: answer.headers });
      if (answer.statusCode === 401) this.#refused();
      return { ok: true, value: answer };
    } catch (cause) {
      const error = unreachable(what, signal.aborted ? signal.reason : cause);
      told({ type: 'Failure', message: error.message });
      return { ok: false, error };
    }
  }

  /** Ends the pool; what is under way is answered `Unreachable`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pool?.dispatcher.destroy();
  }

  /** Begins to measure; what is given to the answer is told with the request. */
  #exchange({ method, path, body }: HttpRequest, headers: Exchange['headers']): (came: Exchange['came']) => void {
    const { clock, onExchange } = this.#options;
    if (onExchange === undefined) return () => {};
    const beganMs = clock.monotonic();
    const asked = { method, url: `${this.server.replace(/\/$/, '')}${path}`, headers, ...(body === undefined ? {} : { body }) };
    return (came) => onExchange({ ...asked, came, tookMs: clock.monotonic() - beganMs });
  }

  #headers(request: HttpRequest, { headers }: Credentials): Record<string, string | string[]> {
    const own = {
      accept: request.accept ?? 'application/json',
      'user-agent': this.#options.userAgent,
      ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
    };
    const given = Object.entries(headers).map(([key, value]) => [key, typeof value === 'string' ? value : [...value]] as const);
    return { ...own, ...Object.fromEntries(given) };
  }

  /** All that ask at once share one answer: an exec plugin runs once, not once a request. */
  #credentials(): Promise<Result<Credentials>> {
    if (this.#fresh !== undefined && this.#options.clock.monotonic() < this.#fresh.untilMs) {
      return Promise.resolve({ ok: true, value: this.#fresh.credentials });
    }
    this.#asked ??= this.#ask().finally(() => {
      this.#asked = undefined;
    });
    return this.#asked;
  }

  async #ask(): Promise<Result<Credentials>> {
    try {
      const credentials = await this.#source.credentials();
      this.#fresh = { credentials, untilMs: this.#options.clock.monotonic() + CREDENTIALS_FRESH_MS };
      return { ok: true, value: credentials };
    } catch (cause) {
      return { ok: false, error: credentialsError(this.contextName, cause) };
    }
  }

  /** Nothing was sent: where time is up, whoever gives the credentials has taken it. */
  #withoutCredentials(what: string, reason: unknown): ClusterError {
    if (!(reason instanceof TimedOut)) return unreachable(what, reason);
    const command = this.#source.getCurrentUser().exec?.command;
    const who = typeof command === 'string' ? `command ${JSON.stringify(command)} of the kubeconfig` : 'the kubeconfig';
    return credentialsError(
      this.contextName,
      `nothing from ${who} in the time that a request may take; it may wait for an answer of yours`,
    );
  }

  /** The server no longer takes the credentials: forget them, and what the kubeconfig said. */
  #refused(): void {
    this.#fresh = undefined;
    const nowMs = this.#options.clock.monotonic();
    if (nowMs - this.#sourceLoadedAtMs < RELOAD_EVERY_MS) return;
    this.#sourceLoadedAtMs = nowMs;
    try {
      this.#source = loadCredentialSource(this.#options);
    } catch {
      // The file is gone or half written: the old configuration and the 401 that the caller gets stay.
    }
  }

  #dispatcher({ tls }: Credentials): Dispatcher {
    const proxyUrl = this.#source.getCurrentCluster()?.proxyUrl;
    const key = poolKey(this.server, proxyUrl, tls);
    if (this.#pool?.key === key) return this.#pool.dispatcher;
    const old = this.#pool?.dispatcher;
    this.#pool = { key, dispatcher: createPool(this.server, proxyUrl, tls) };
    // Waits for what is under way, watches among it; its failure concerns nobody.
    old?.close().catch(() => {});
    return this.#pool.dispatcher;
  }
}

function credentialsError(context: string, cause: unknown): ClusterError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const came = text.trim().replaceAll(/\s*\n\s*/g, ' ');
  return {
    type: 'Credentials',
    message: `get credentials for context "${context}": expected a token or certificate, came: ${came || 'an error without text'}; check the user of this context in the kubeconfig`,
    cause,
  };
}

function createPool(server: string, proxyUrl: string | undefined, tls: TlsOptions): Dispatcher {
  const { protocol, hostname } = new URL(server);
  const pool = { keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: KEEP_ALIVE_MS, pipelining: 1, allowH2: false };
  const socket = { keepAlive: true, keepAliveInitialDelay: TCP_KEEP_ALIVE_MS, timeout: CONNECT_TIMEOUT_MS };
  if (proxyUrl?.startsWith('socks')) return new Socks5ProxyAgent(proxyUrl, { ...pool, requestTls: { ...tls, ...socket } });
  if (proxyUrl) return new ProxyAgent({ ...pool, uri: proxyUrl, requestTls: { ...tls, ...socket }, connect: socket });
  const connect = { ...tls, ...socket };
  const proxyVariable = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const isProxied = (process.env[proxyVariable] ?? process.env[proxyVariable.toLowerCase()] ?? '') !== '';
  // As Go's programs: the environment's proxy, save for this machine itself.
  if (isProxied && !isLoopback(hostname)) return new EnvHttpProxyAgent({ ...pool, connect, requestTls: connect });
  return new Agent({ ...pool, connect });
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.startsWith('127.') || hostname === '[::1]';
}

function poolKey(server: string, proxyUrl: string | undefined, tls: TlsOptions): string {
  const hash = createHash('sha256').update(`${server}\n${proxyUrl ?? ''}\n${tls.servername ?? ''}\n${tls.rejectUnauthorized ?? ''}\n`);
  for (const part of [tls.ca, tls.cert, tls.key, tls.passphrase]) hash.update(part ?? '').update('\n');
  return hash.digest('hex');
}

/** The answer, or `Aborted` as soon as the signal is; the promise itself goes on for the others that share it. */
function aborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | 'Aborted'> {
  if (signal.aborted) return Promise.resolve('Aborted');
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve('Aborted');
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
