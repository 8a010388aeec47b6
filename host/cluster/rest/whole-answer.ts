import type { Dispatcher } from 'undici';
import type { Deadline } from './deadline.ts';

type Headers = Dispatcher.ResponseData['headers'];

const UTF8 = new TextDecoder();

/** What undici is told; the caller of the call learns the true reason. */
const GIVEN_UP = new Error('the call was given up');

/** An answer with all of its body. */
export interface WholeAnswer {
  readonly code: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * Sends a request and reads its answer to the end; `onBegun` is told of it when its headers are there. Past undici's streams, which for a small answer cost as
 * much as all the rest. Rejects as soon as the call is given up: its connection is then thrown away with what is left of the answer, and a request that still waits
 * for one is not sent.
 */
export function readWhole(
  pool: Pick<Dispatcher, 'dispatch'>,
  request: Dispatcher.DispatchOptions,
  deadline: Pick<Deadline, 'isOver' | 'onOver'>,
  onBegun: (code: number, headers: Headers) => void,
): Promise<WholeAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let code = 0;
    let headers: Headers = {};
    let sent: Dispatcher.DispatchController | undefined;
    deadline.onOver((reason) => {
      reject(reason);
      sent?.abort(GIVEN_UP);
    });
    pool.dispatch(request, {
      onRequestStart: (controller) => {
        sent = controller;
        if (deadline.isOver) controller.abort(GIVEN_UP);
      },
      onResponseStart: (_, statusCode, given) => {
        // Before the answer there may be others that say that it takes a while.
        if (statusCode < 200) return;
        code = statusCode;
        headers = given;
        onBegun(code, headers);
      },
      onResponseData: (_, chunk) => {
        chunks.push(chunk);
      },
      onResponseEnd: () => resolve({ code, headers, text: textOf(chunks) }),
      onResponseError: (_, error) => reject(error),
    });
  });
}

function textOf(chunks: readonly Buffer[]): string {
  const [first, ...others] = chunks;
  if (first === undefined) return '';
  return UTF8.decode(others.length === 0 ? first : Buffer.concat(chunks));
}
