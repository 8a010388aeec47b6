import { isDeepStrictEqual } from 'node:util';
import type { Dispatcher } from 'undici';
import type { Clock } from '../../clock.ts';
import type { ClusterError, Result } from '../cluster.ts';
import type { Deadline } from './deadline.ts';
import { TimedOut, unreachable } from './failures.ts';
import { type CredentialSource, type Credentials, type KubeConfigSource, loadCredentialSource } from './kube-config.ts';
import { createPool, type PoolTarget } from './pool.ts';
import { readWhole, type WholeAnswer } from './whole-answer.ts';

/** How long credentials serve before files and plugins are asked again: a burst of calls reads them once. */
const CREDENTIALS_FRESH_MS = 1_000;
/** After a 401 the kubeconfig itself is read again, at most this often. */
const RELOAD_EVERY_MS = 10_000;

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

/** What all requests with the same credentials have in common: made once for them, not once a request. */
interface Route {
  readonly source: CredentialSource;
  readonly credentials: Credentials;
  readonly origin: string;
  /** What the address of the API server has before the paths of the API; empty as a rule. */
  readonly basePath: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly target: PoolTarget;
  readonly pool: Dispatcher;
}

/** Tells what came of a request. */
type Tell = (came: Exchange['came']) => void;

/** A way to send a request on a pool; tells when its answer begins. */
type Send<T> = (
  pool: Dispatcher,
  options: Dispatcher.DispatchOptions,
  onBegun: (code: number, headers: Dispatcher.ResponseData['headers']) => void,
) => Promise<T>;

export type HttpAnswer = Pick<Dispatcher.ResponseData, 'statusCode' | 'headers' | 'body'>;

/**
 * One pool of connections to one API server with one set of credentials. The pool is replaced when the address, a certificate or the proxy changes; requests
 * under way end on the old one.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  #source: CredentialSource;
  #sourceLoadedAtMs: number;
  #route: Route | undefined;
  #fresh: { readonly answer: Result<Credentials>; readonly untilMs: number } | undefined;
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
  open(request: HttpRequest, deadline: Deadline): Promise<Result<HttpAnswer>> {
    return this.#send(request, deadline, async (pool, options, onBegun) => {
      const answer = await pool.request({ ...options, signal: deadline.signal });
      onBegun(answer.statusCode, answer.headers);
      return answer;
    });
  }

  /** Sends one request and reads its answer to the end. */
  call(request: HttpRequest, deadline: Deadline): Promise<Result<WholeAnswer>> {
    return this.#send(request, deadline, (pool, options, onBegun) => readWhole(pool, options, deadline, onBegun));
  }

  async #send<T>(request: HttpRequest, deadline: Deadline, exchange: Send<T>): Promise<Result<T>> {
    const isOver = this.#isClosed || deadline.isOver;
    const credentials = isOver ? 'Aborted' : (this.#stillFresh() ?? (await aborted(this.#credentials(), deadline.signal)));
    if (this.#isClosed) {
      const message = `${this.what(request)}: expected an open connection, it was closed`;
      return { ok: false, error: { type: 'Unreachable', message } };
    }
    if (credentials === 'Aborted') return { ok: false, error: this.#withoutCredentials(this.what(request), deadline.reasonOr(undefined)) };
    if (!credentials.ok) return credentials;
    let tell: Tell | undefined;
    try {
      const { origin, basePath, pool, headers: common } = this.#routeWith(credentials.value);
      const { method, path, body = null, accept = 'application/json', contentType } = request;
      const headers = { accept, ...(contentType === undefined ? {} : { 'content-type': contentType }), ...common };
      tell = this.#tellOf(request, headers);
      // Time is the callers' affair: watches are silent for long.
      const options = { origin, path: `${basePath}${path}`, method, headers, body, headersTimeout: 0, bodyTimeout: 0 };
      const value = await exchange(pool, options, (code, given) => {
        tell?.({ type: 'Answer', code, headers: given });
        tell = undefined;
        if (code === 401) this.#refused();
      });
      return { ok: true, value };
    } catch (cause) {
      const error = unreachable(this.what(request), deadline.reasonOr(cause));
      tell?.({ type: 'Failure', message: error.message });
      return { ok: false, error };
    }
  }

  /** A request in words, for error texts. */
  what({ method, path }: HttpRequest): string {
    return `${method} ${this.server}${path.split('?', 1)[0]}`;
  }

  /** Ends the pool; what is under way is answered `Unreachable`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#route?.pool.destroy();
  }

  /** Begins to measure; what is given to the answer is told with the request. */
  #tellOf({ method, path, body }: HttpRequest, headers: Exchange['headers']): Tell | undefined {
    const { clock, onExchange } = this.#options;
    if (onExchange === undefined) return undefined;
    const beganMs = clock.monotonic();
    const asked = { method, url: `${this.server.replace(/\/$/, '')}${path}`, headers, ...(body === undefined ? {} : { body }) };
    return (came) => onExchange({ ...asked, came, tookMs: clock.monotonic() - beganMs });
  }

  #stillFresh(): Result<Credentials> | undefined {
    return this.#fresh !== undefined && this.#options.clock.monotonic() < this.#fresh.untilMs ? this.#fresh.answer : undefined;
  }

  /** All that ask at once share one answer: an exec plugin runs once, not once a request. */
  #credentials(): Promise<Result<Credentials>> {
    this.#asked ??= this.#ask().finally(() => {
      this.#asked = undefined;
    });
    return this.#asked;
  }

  async #ask(): Promise<Result<Credentials>> {
    try {
      const answer = { ok: true, value: await this.#source.credentials() } as const;
      this.#fresh = { answer, untilMs: this.#options.clock.monotonic() + CREDENTIALS_FRESH_MS };
      return answer;
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

  #routeWith(credentials: Credentials): Route {
    const known = this.#route;
    if (known?.credentials === credentials && known.source === this.#source) return known;
    const target: PoolTarget = { server: this.server, proxyUrl: this.#source.getCurrentCluster()?.proxyUrl, tls: credentials.tls };
    const pool = known !== undefined && isDeepStrictEqual(known.target, target) ? known.pool : createPool(target);
    const { origin, pathname } = new URL(target.server);
    const given = Object.entries(credentials.headers).map(([key, value]) => [key, typeof value === 'string' ? value : [...value]] as const);
    const headers = { 'user-agent': this.#options.userAgent, ...Object.fromEntries(given) };
    this.#route = { source: this.#source, credentials, origin, basePath: pathname.replace(/\/$/, ''), headers, target, pool };
    // Waits for what is under way, watches among it; its failure concerns nobody.
    if (pool !== known?.pool) known?.pool.close().catch(() => {});
    return this.#route;
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

/** The answer, or `Aborted` as soon as the signal is; the promise itself goes on for the others that share it. */
function aborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | 'Aborted'> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve('Aborted');
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
