import { Agent, EnvHttpProxyAgent, request } from 'undici';
import type { Clock } from '../../clock.ts';

/** One whole answer. */
export interface HttpAnswer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** GETs one URL. Follows no redirect. Rejects when no answer comes in time, or one larger than `maxBytes`. */
export type HttpGet = (url: string, headers: Readonly<Record<string, string>>, maxBytes: number) => Promise<HttpAnswer>;

const TIMEOUT_MS = 30_000;

/** The machine's network, through the environment's proxy where there is one. Further authorities: `NODE_EXTRA_CA_CERTS`. */
export function httpGet(clock: Pick<Clock, 'after'>): HttpGet {
  return async (url, headers, maxBytes) => {
    const connect = { timeout: 10_000 };
    const isLocal = /^https?:\/\/(127\.|localhost[:/]|\[::1\])/.test(url);
    const dispatcher = isLocal ? new Agent({ connect }) : new EnvHttpProxyAgent({ connect, requestTls: connect });
    const aborter = new AbortController();
    const cancel = clock.after(TIMEOUT_MS, () => aborter.abort(new Error(`no whole answer within ${TIMEOUT_MS / 1_000} s`)));
    try {
      const { statusCode, headers: answered, body } = await request(url, { dispatcher, headers, signal: aborter.signal });
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of body) {
        size += chunk.length;
        if (size > maxBytes) throw new Error(`expected at most ${maxBytes} bytes, came more`);
        chunks.push(chunk);
      }
      return { code: statusCode, headers: answered, body: Buffer.concat(chunks) };
    } catch (error) {
      throw aborter.signal.aborted ? aborter.signal.reason : error;
    } finally {
      cancel();
      await dispatcher.destroy().catch(() => {});
    }
  };
}
