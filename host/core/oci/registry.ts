import { createHash } from 'node:crypto';
import type { RegistryLogin } from './docker-config.ts';
import { type Reference, referenceText } from './reference.ts';
import type { HttpAnswer, HttpGet } from './transport.ts';

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
/** Manifests are small; a token answer too. */
const MAX_SMALL_BYTES = 1024 * 1024;
const MAX_REDIRECTS = 5;

/** Reads manifests and blobs by the OCI distribution specification, checks what comes against its digest, and knows how to get a token. */
export interface Registry {
  manifest(): Promise<{ readonly bytes: Buffer; readonly digest: string }>;
  blob(digest: string, sizeBytes: number): Promise<Buffer>;
}

export interface RegistryOptions {
  readonly reference: Reference;
  readonly get: HttpGet;
  readonly login: RegistryLogin | undefined;
}

export function openRegistry({ reference, get, login }: RegistryOptions): Registry {
  const { registry, repository, tag, digest } = reference;
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  // As every client of containers has it: plain HTTP with this machine alone.
  const scheme = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host) ? 'http' : 'https';
  const base = `${scheme}://${host}/v2/${repository}`;
  let authorization: string | undefined;

  async function ask(url: string, accept: string, maxBytes: number): Promise<HttpAnswer> {
    const first = await follow(url, accept, maxBytes);
    if (first.code !== 401) return first;
    authorization = await authorize(first);
    return follow(url, accept, maxBytes);
  }

  /** Blobs often lie elsewhere: that server gets no credentials of ours, and has to speak HTTPS where the registry does. */
  async function follow(from: string, accept: string, maxBytes: number): Promise<HttpAnswer> {
    let url = new URL(from);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const isOurs = url.origin === new URL(from).origin;
      const answer = await get(url.href, { accept, ...(isOurs && authorization !== undefined ? { authorization } : {}) }, maxBytes);
      const location = headerOf(answer, 'location');
      if (answer.code < 300 || answer.code > 399 || location === undefined) return answer;
      const next = new URL(location, url);
      if (next.protocol !== 'https:' && !(scheme === 'http' && next.protocol === 'http:'))
        throw new Error(`${from} leads to ${next.origin}, which is not HTTPS`);
      url = next;
    }
    throw new Error(`${from} leads on more than ${MAX_REDIRECTS} times`);
  }

  /** distribution "Token Authentication Specification": `WWW-Authenticate: Bearer realm=…,service=…,scope=…`; or Basic. */
  async function authorize(refusal: HttpAnswer): Promise<string> {
    const challenge = headerOf(refusal, 'www-authenticate') ?? '';
    const basic = login === undefined ? undefined : `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
    if (/^basic\b/i.test(challenge)) {
      if (basic !== undefined) return basic;
      throw new Error('the registry wants a login, and there is none for it; give --core-auth-file');
    }
    const parameters = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]));
    if (!/^bearer\b/i.test(challenge) || parameters.realm === undefined)
      throw new Error(`the registry answered 401 without a challenge that is known: ${challenge.slice(0, 100) || 'none'}`);
    const realm = new URL(parameters.realm);
    if (realm.protocol !== 'https:' && scheme === 'https')
      throw new Error(`the registry sends for tokens to ${realm.origin}, which is not HTTPS`);
    if (parameters.service !== undefined) realm.searchParams.set('service', parameters.service);
    realm.searchParams.set('scope', parameters.scope ?? `repository:${repository}:pull`);
    const answer = await get(
      realm.href,
      { accept: 'application/json', ...(basic === undefined ? {} : { authorization: basic }) },
      MAX_SMALL_BYTES,
    );
    const token = answer.code === 200 ? tokenIn(answer.body) : undefined;
    if (token !== undefined) return `Bearer ${token}`;
    throw new Error(
      `a token from ${realm.origin}: expected one, came HTTP ${answer.code}${login === undefined ? '; nobody is logged in: give --core-auth-file' : ''}`,
    );
  }

  return {
    manifest: async () => {
      const named = digest ?? tag ?? 'latest';
      const answer = expected(await ask(`${base}/manifests/${named}`, MANIFEST_TYPE, MAX_SMALL_BYTES), referenceText(reference));
      const came = digestOf(answer.body);
      if (digest !== undefined && came !== digest)
        throw new Error(`manifest of ${referenceText(reference)}: came one with the digest ${came}`);
      return { bytes: answer.body, digest: came };
    },
    blob: async (wanted, sizeBytes) => {
      const answer = expected(await ask(`${base}/blobs/${wanted}`, '*/*', sizeBytes), `blob ${wanted}`);
      const came = digestOf(answer.body);
      if (came !== wanted || answer.body.length !== sizeBytes)
        throw new Error(`blob ${wanted} of ${sizeBytes} bytes: came ${answer.body.length} bytes with the digest ${came}`);
      return answer.body;
    },
  };
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function expected(answer: HttpAnswer, what: string): HttpAnswer {
  if (answer.code === 200) return answer;
  const hint =
    answer.code === 401 || answer.code === 403 ? '; check --core-auth-file' : answer.code === 404 ? '; check name and digest' : '';
  throw new Error(`${what}: expected it, came HTTP ${answer.code}${hint}`);
}

function headerOf({ headers }: HttpAnswer, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

function tokenIn(body: Buffer): string | undefined {
  try {
    const { token, access_token: accessToken }: { token?: unknown; access_token?: unknown } = JSON.parse(body.toString('utf8'));
    return [token, accessToken].find((each) => typeof each === 'string' && each !== '') as string | undefined;
  } catch {
    return undefined;
  }
}
