import { Agent, type Dispatcher, EnvHttpProxyAgent, ProxyAgent, Socks5ProxyAgent } from 'undici';
import type { TlsOptions } from './kube-config.ts';

/** Shorter than the idle limits of API servers (90 s) and of most load balancers (60 s), so that no request meets a connection that is being closed. */
const KEEP_ALIVE_MS = 45_000;
/** As client-go: an address that is gone is noticed although nothing is sent. */
const TCP_KEEP_ALIVE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;

/** Where connections lead, and with what they are secured. */
export interface PoolTarget {
  /** Address of the API server. */
  readonly server: string;
  readonly proxyUrl: string | undefined;
  readonly tls: Readonly<TlsOptions>;
}

export function createPool({ server, proxyUrl, tls }: PoolTarget): Dispatcher {
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
