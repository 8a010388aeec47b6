import type { ClusterError } from '../cluster.ts';

/** Why a call of ours was ended before its answer: the reason of its abort signal. */
export class TimedOut extends Error {
  constructor(what: string, timeoutMs: number) {
    super(`expected an answer within ${timeoutMs / 1000} s, ${what}`);
    this.name = 'TimedOut';
  }
}

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'check that the API server runs at this address',
  ENOTFOUND: 'check the host name in the kubeconfig',
  EAI_AGAIN: 'check the name server',
  EHOSTUNREACH: 'check the network, or the VPN',
  ENETUNREACH: 'check the network, or the VPN',
  UND_ERR_CONNECT_TIMEOUT: 'check the network, or the VPN',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'check certificate-authority in the kubeconfig',
  SELF_SIGNED_CERT_IN_CHAIN: 'check certificate-authority in the kubeconfig',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'check certificate-authority in the kubeconfig',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'check certificate-authority in the kubeconfig',
  CERT_HAS_EXPIRED: "renew the API server's certificate, or check this machine's clock",
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server speaks no TLS at this port: check the address in the kubeconfig',
  ERR_TLS_CERT_ALTNAME_INVALID: 'check the address or tls-server-name in the kubeconfig',
};

/** A failure without a usable answer, said in one line with what to do about it. `what` begins with the method. */
export function unreachable(what: string, cause: unknown): ClusterError {
  const { code, text } = describe(cause);
  const isRead = /^(GET|watch) /.test(what);
  const hint = (code === undefined ? undefined : HINTS[code]) ?? (isRead ? undefined : 'it may have been done, read before trying again');
  const came = code === undefined || text.includes(code) ? text : `${text} (${code})`;
  return { type: 'Unreachable', message: `${what}: ${came}${hint === undefined ? '' : `; ${hint}`}`, cause };
}

function describe(cause: unknown): { readonly code: string | undefined; readonly text: string } {
  if (!(cause instanceof Error)) return { code: undefined, text: String(cause) };
  // A host with several addresses fails with one error for each, and no text of its own.
  const inner: unknown = cause instanceof AggregateError ? cause.errors[0] : cause.cause;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  if (inner instanceof Error && (code === undefined || cause.message === '')) return describe(inner);
  if (cause.name === 'AbortError') return { code: undefined, text: 'aborted by the caller' };
  return { code, text: plainly(cause.message) || cause.name };
}

/** Without where in OpenSSL's source it was, and without advice for those who run Node.js themselves. */
function plainly(message: string): string {
  const [, reason] = /^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(message) ?? [];
  return reason ?? message.replace(/; if the root CA is installed locally.*$/, '').trim();
}
