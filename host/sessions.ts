import type { Session } from '#core/api/task.ts';
import type { Clock } from './clock.ts';
import type { ClusterError, Result } from './cluster/cluster.ts';
import type { Sessions } from './controller/effects.ts';

/** How to reach an Agent’s server. */
export interface SessionsOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** The platform's `fetch`. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** For each request. Default 10 s. */
  readonly timeoutMs?: number;
  /** Longest answer that is read. Default 32 MiB: a long session has many messages. */
  readonly maxAnswerBytes?: number;
}

type Json = Readonly<Record<string, unknown>>;

/** A client of the few calls of OpenCode's server that a Task needs. The URL is an Agent's status: only http and https are followed, and no redirect. */
export function createSessions({ clock, fetch, timeoutMs = 10_000, maxAnswerBytes = 32 * 2 ** 20 }: SessionsOptions): Sessions {
  async function call(method: 'GET' | 'POST', url: string, outer: AbortSignal): Promise<Result<unknown>> {
    const aborter = new AbortController();
    const cancel = clock.after(timeoutMs, () => aborter.abort(new Error(`no answer within ${timeoutMs} ms`)));
    const signal = AbortSignal.any([outer, aborter.signal]);
    try {
      const response = await fetch(url, { method, redirect: 'error', signal, headers: { accept: 'application/json' } });
      const text = await readText(response, maxAnswerBytes);
      if (!response.ok)
        return refused(response.status, `${method} ${url}: expected an answer, came HTTP ${response.status}: ${text.slice(0, 200)}`);
      return { ok: true, value: text === '' ? null : JSON.parse(text) };
    } catch (cause) {
      const why = signal.aborted ? signal.reason : cause;
      return {
        ok: false,
        error: { type: 'Unreachable', message: `${method} ${url}: ${why instanceof Error ? why.message : String(why)}`, cause },
      };
    } finally {
      cancel();
    }
  }

  async function find(
    url: string,
    title: string,
    signal: AbortSignal,
  ): Promise<Result<{ readonly base: string; readonly session: (Json & { readonly id: string }) | null }>> {
    const base = baseOf(url);
    if (base === null)
      return refused(400, `session of ${title}: expected the http or https URL of an Agent's server, came ${JSON.stringify(url)}`);
    const listed = await call('GET', `${base}/session?search=${encodeURIComponent(title)}`, signal);
    if (!listed.ok) return listed;
    if (!Array.isArray(listed.value))
      return refused(502, `sessions at ${base}: expected a list, came ${JSON.stringify(listed.value).slice(0, 200)}`);
    return { ok: true, value: { base, session: newestWithTitle(listed.value, title) } };
  }

  return {
    summary: async (url, title, signal) => {
      const found = await find(url, title, signal);
      if (!found.ok) return found;
      const { base, session } = found.value;
      if (session === null) return { ok: true, value: null };
      const messages = await call('GET', `${base}/session/${encodeURIComponent(session.id)}/message`, signal);
      return messages.ok ? { ok: true, value: { ...sessionStatus(session, title, messages.value) } } : messages;
    },
    abort: async (url, title, signal) => {
      const found = await find(url, title, signal);
      if (!found.ok) return found;
      const { base, session } = found.value;
      if (session === null) return { ok: true, value: null };
      const aborted = await call('POST', `${base}/session/${encodeURIComponent(session.id)}/abort`, signal);
      return aborted.ok ? { ok: true, value: null } : aborted;
    },
  };
}

function newestWithTitle(answer: readonly unknown[], title: string): (Json & { readonly id: string }) | null {
  const sessions = answer.filter(isSession).filter((session) => session.title === title);
  return sessions.reduce<(Json & { readonly id: string }) | null>(
    (best, session) => (best === null || createdMs(session) > createdMs(best) ? session : best),
    null,
  );
}

/** Sums what the assistant's messages report; every message counts, as upstream counts. */
function sessionStatus(session: Json & { readonly id: string }, title: string, answer: unknown): Session {
  const messages = Array.isArray(answer) ? answer.map((message) => objectOf(objectOf(message).info)) : [];
  const assistant = messages.filter(({ role }) => role === 'assistant');
  const sum = (read: (info: Json) => number): number => assistant.reduce((total, info) => total + read(info), 0);
  const tokens = (info: Json): Json => objectOf(info.tokens);
  const cache = (info: Json): Json => objectOf(tokens(info).cache);
  const files = objectOf(session.summary);
  return {
    id: session.id,
    title,
    summary: {
      messageCount: messages.length,
      tokenUsage: {
        input: sum((info) => count(tokens(info).input)),
        output: sum((info) => count(tokens(info).output)),
        reasoning: sum((info) => count(tokens(info).reasoning)),
        cache: sum((info) => count(cache(info).read) + count(cache(info).write)),
      },
      cost: sum((info) => number(info.cost)).toFixed(6),
      filesChanged: count(files.files),
      additions: count(files.additions),
      deletions: count(files.deletions),
    },
  };
}

function isSession(value: unknown): value is Json & { readonly id: string } {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string';
}

function createdMs(session: Json): number {
  return number(objectOf(session.time).created);
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function count(value: unknown): number {
  return Math.max(0, Math.trunc(number(value)));
}

/** The URL without a slash at its end; null when it is not one of http or https. */
function baseOf(url: string): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) return null;
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`;
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function refused(code: number, message: string): { readonly ok: false; readonly error: ClusterError } {
  return { ok: false, error: { type: 'Refused', code, reason: 'SessionServer', message } };
}
