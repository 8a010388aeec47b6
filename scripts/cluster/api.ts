import { Agent, request } from 'undici';

/** What the scripts need to speak to an API server; the host has its own, far better client. */
export interface ApiAccess {
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  /** PEM. */
  readonly certificateAuthority: string;
  readonly token: string;
}

export interface ApiAnswer {
  /** HTTP code; 0 when nobody answered. */
  readonly code: number;
  readonly text: string;
}

export interface ApiClient {
  call(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<ApiAnswer>;
  /** Like `call`, but anything other than 2xx, or 409 on POST ("is there already"), is thrown. */
  expect(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<unknown>;
  close(): Promise<void>;
}

/** A connection to the API server with a token. PATCH is a merge patch. */
export function apiClient(access: ApiAccess): ApiClient {
  const agent = new Agent({ connect: { ca: access.certificateAuthority }, headersTimeout: 30_000, bodyTimeout: 30_000 });
  const call: ApiClient['call'] = async (method, path, body) => {
    try {
      const answer = await request(`${access.server}${path}`, {
        method,
        dispatcher: agent,
        headers: {
          authorization: `Bearer ${access.token}`,
          accept: 'application/json',
          ...(body && { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      return { code: answer.statusCode, text: await answer.body.text() };
    } catch (error) {
      return { code: 0, text: error instanceof Error ? error.message : String(error) };
    }
  };
  return {
    call,
    async expect(method, path, body) {
      const { code, text } = await call(method, path, body);
      if (code < 200 || (code >= 300 && !(code === 409 && method === 'POST'))) {
        throw new Error(`${method} ${path}: expected success, the API server answered ${code}: ${text.slice(0, 500)}`);
      }
      return JSON.parse(text);
    },
    close: () => agent.close(),
  };
}
