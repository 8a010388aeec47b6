import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf } from '#host/core/oci/registry.ts';

export interface RegistryOptions {
  /** `user:password` that tokens are given for; absent: anybody gets one. */
  readonly login?: string;
  /** Blobs are answered by a redirect, as registries in clouds do. */
  readonly redirectBlobs?: boolean;
  /** Changes what is answered to a manifest or a blob. */
  readonly bend?: (kind: 'manifest' | 'blob', bytes: Buffer) => Buffer;
  /** HTTP codes that the next requests get instead. */
  readonly failures?: number[];
}

export interface TestRegistry {
  readonly host: string;
  /** What was asked, with whether it bore credentials. */
  readonly requests: readonly string[];
  push(repository: string, tag: string, wasm: Uint8Array, manifest?: Readonly<Record<string, unknown>>): string;
  close(): Promise<void>;
}

export const REALM_PATH = '/token';
const CONFIG = Buffer.from('{}');

/** A registry by the OCI distribution specification, as far as a pull needs it: every request wants a token, which the realm gives. */
export async function openTestRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const contents = new Map<string, Buffer>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    requests.push(`${url.pathname}${kindOf(request)}`);
    const failure = url.pathname.startsWith('/v2/') ? options.failures?.shift() : undefined;
    if (failure !== undefined) return void response.writeHead(failure).end();
    if (url.pathname === REALM_PATH) {
      const wanted = options.login === undefined ? undefined : `Basic ${Buffer.from(options.login).toString('base64')}`;
      if (wanted !== undefined && request.headers.authorization !== wanted) return void response.writeHead(401).end();
      return void response.end(JSON.stringify({ token: `for ${url.searchParams.get('scope')}`.replaceAll(' ', '_') }));
    }
    if (url.pathname.startsWith('/elsewhere/')) return void response.end(contents.get(url.pathname.slice('/elsewhere/'.length)));
    const [, repository = '', kind = '', name = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(url.pathname) ?? [];
    const scope = `repository:${repository}:pull`;
    if (request.headers.authorization !== `Bearer for_${scope}`) {
      const challenge = `Bearer realm="http://${request.headers.host}${REALM_PATH}",service="test",scope="${scope}"`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    const stored = contents.get(kind === 'blobs' ? name : `${repository} ${name}`);
    if (stored === undefined) return void response.writeHead(404).end();
    const bytes = options.bend?.(kind === 'blobs' ? 'blob' : 'manifest', stored) ?? stored;
    if (kind === 'blobs' && options.redirectBlobs === true)
      return void response.writeHead(307, { location: `http://localhost:${port()}/elsewhere/${name}` }).end();
    response.end(bytes);
  });
  const port = (): number => (server.address() as AddressInfo).port;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${port()}`,
    requests,
    push: (repository, tag, wasm, manifest = {}) => {
      const bytes = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          config: { mediaType: 'application/vnd.wasm.config.v0+json', digest: digestOf(CONFIG), size: CONFIG.length },
          layers: [{ mediaType: 'application/wasm', digest: digestOf(wasm), size: wasm.length }],
          ...manifest,
        }),
      );
      contents.set(digestOf(wasm), Buffer.from(wasm));
      for (const name of [tag, digestOf(bytes)]) contents.set(`${repository} ${name}`, bytes);
      return digestOf(bytes);
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function kindOf({ headers }: IncomingMessage): string {
  return headers.authorization === undefined ? '' : ` ${headers.authorization.split(' ')[0]}`;
}
