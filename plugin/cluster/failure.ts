import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import type { ClusterError } from '#host/cluster/cluster.ts';
import { shellLine } from '../kubectl.ts';

/** What was asked of the API server. */
export interface Asked {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'patch' | 'logs';
  readonly kind: Kind;
  /** Absent: all namespaces, or a kind without any. */
  readonly namespace?: string;
  readonly name?: string;
}

/** How a call begins that had no usable answer: method, server, path. */
const CALL = /^(?:GET|POST|PUT|PATCH|DELETE) (https?:\/\/[^/\s]+)\S*: /;

/** An API server that is to take no field that it does not know. */
const UNKNOWN_FIELD = /strict decoding error|unknown field/;

/** A cluster that says with which flags kubectl comes to it as the same user; absent: without any. */
export interface Reached {
  readonly access?: readonly string[];
}

/** A call that failed, in words that a person can act on: what was asked, what came, what to do; a command for that goes to the same cluster. */
export function failureText(asked: Asked, error: ClusterError, { access = [] }: Reached): string {
  const what = `${asked.verb === 'logs' ? 'read logs of' : asked.verb} ${objectText(asked)}`;
  switch (error.type) {
    case 'Unreachable':
      // The path says again what was asked, in other words.
      return `${what}: ${error.message.replace(CALL, 'API server $1: ')}${isTimedOut(error) ? '; --request-timeout gives it longer' : ''}`;
    case 'Credentials':
      return `${what}: ${error.message}`;
    case 'Refused':
      return `${what}: ${refusedText(asked, error, access)}`;
  }
}

/** Whether an object is not there, in a cluster that knows its kind: a path that the API server does not serve is answered without a Status. */
export function isAbsent(error: ClusterError): boolean {
  return error.type === 'Refused' && error.code === 404 && error.reason === 'NotFound';
}

/** Whether a patch that names a UID came to another object, which has the name now. */
export function isReplaced(error: ClusterError): boolean {
  return error.type === 'Refused' && error.code === 422 && /\buid\b/i.test(error.message);
}

/** Whether no answer came in the time that a request may take. */
function isTimedOut({ cause }: Extract<ClusterError, { type: 'Unreachable' }>): boolean {
  return cause instanceof Error && cause.name === 'TimedOut';
}

/** `tasks.kubeopencode.io`, as RBAC and `kubectl get` name it. */
export function resourceName(kind: Kind): string {
  const { plural, group } = RESOURCES[kind];
  return group === '' ? plural : `${plural}.${group}`;
}

function refusedText(
  asked: Asked,
  { code, reason, message }: Extract<ClusterError, { type: 'Refused' }>,
  access: readonly string[],
): string {
  const resource = asked.verb === 'logs' ? 'pods/log' : resourceName(asked.kind);
  const verb = asked.verb === 'logs' ? 'get' : asked.verb;
  const said = reason === '' ? message : `${message} (${reason})`;
  switch (code) {
    case 400:
      return UNKNOWN_FIELD.test(message)
        ? `${message}; the CRDs of this cluster are older than this plugin: apply those of its release`
        : said;
    case 401:
      return `the API server does not take these credentials (${message}); a token may have expired: log in again, and check with: ${shellLine(['kubectl', 'auth', 'whoami', ...access])}`;
    case 403: {
      const where = asked.namespace === undefined ? ['--all-namespaces'] : ['-n', asked.namespace];
      const scope = RESOURCES[asked.kind].namespaced ? where : [];
      const check = shellLine(['kubectl', 'auth', 'can-i', verb, resource, ...scope, ...access]);
      return `not allowed (${message}); a role must allow verb ${verb} on ${resource}; check with: ${check}`;
    }
    case 404:
      if (RESOURCES[asked.kind].group === 'kubeopencode.io' && reason === '')
        return `this cluster does not know ${resource}; install the CRDs of KubeOpenCode, or choose another cluster with --context`;
      return message;
    case 429:
      return `${said}; the API server has too much to do: try again`;
    default:
      return said;
  }
}

function objectText({ kind, namespace, name }: Asked): string {
  const what = name === undefined ? resourceName(kind) : `${resourceName(kind)}/${name}`;
  if (!RESOURCES[kind].namespaced) return what;
  return namespace === undefined ? `${what} in all namespaces` : `${what} in namespace ${namespace}`;
}
