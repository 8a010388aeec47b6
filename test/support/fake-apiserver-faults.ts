import type { ServerResponse } from 'node:http';
import type { Kind } from '#core/contract/kinds.ts';
import type { FakeStore, StatusAnswer, StoredEvent } from './fake-apiserver-store.ts';

/** What goes wrong with one request. */
export type Fault =
  /** Refused before anything was done. */
  | { readonly type: 'Status'; readonly code: number; readonly reason?: string; readonly message?: string; readonly retryAfter?: string }
  /** Something that is no API server answers. */
  | { readonly type: 'Raw'; readonly code: number; readonly body: string; readonly contentType?: string }
  /** The connection dies, the write was not done. */
  | { readonly type: 'ResetBeforeWrite' }
  /** The connection dies, the write was done. */
  | { readonly type: 'ResetAfterWrite' }
  /** The answer begins, and the connection dies in the middle of its body. */
  | { readonly type: 'Broken' }
  /** No answer at all. */
  | { readonly type: 'Silence' }
  /** The body comes in pieces of `bytes`, each `delayMs` after the other (0: at once, but still apart). For watches: each frame. */
  | { readonly type: 'Pieces'; readonly bytes: number; readonly delayMs: number }
  /** After some frames of a watch: an ERROR frame; the connection dies (between frames, or within one); silence; an orderly end. */
  | { readonly type: 'ErrorFrame'; readonly afterFrames: number; readonly code: number; readonly reason: string }
  | { readonly type: 'Cut'; readonly afterFrames: number }
  | { readonly type: 'CutMidFrame'; readonly afterFrames: number }
  | { readonly type: 'Stall'; readonly afterFrames: number }
  | { readonly type: 'Close'; readonly afterFrames: number };

interface WatchCall {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly query: Readonly<Record<string, string>>;
  readonly fault: Fault | undefined;
}

/** A watch that is being served. */
export interface OpenWatch {
  readonly kind: Kind;
  readonly send: (frame: unknown) => void;
}

/** Serves a watch from the history on, and spoils it as the fault says. */
export function serveWatch(
  { kind, namespace, query, fault }: WatchCall,
  response: ServerResponse,
  store: FakeStore,
  watches: Set<OpenWatch>,
): void {
  const missed = store.since(kind, Number(query.resourceVersion));
  if (missed === undefined) {
    sendStatus(response, { code: 410, reason: 'Expired', message: 'too old resource version' });
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  let frames = 0;
  let isSilent = false;
  let sending = Promise.resolve();
  const onEvent = ({ type, object }: StoredEvent): void => {
    if (namespace === undefined || object.metadata.namespace === namespace) watch.send({ type, object });
  };
  const end = (): void => {
    isSilent = true;
    forget();
    watches.delete(watch);
  };
  const interfere = (frame: string): boolean => {
    if (fault === undefined || !('afterFrames' in fault) || frames < fault.afterFrames) return false;
    if (fault.type === 'Stall') isSilent = true;
    else end();
    if (fault.type === 'ErrorFrame')
      response.end(`${JSON.stringify({ type: 'ERROR', object: statusOf({ ...fault, message: 'as the test asked' }) })}\n`);
    if (fault.type === 'Close') response.end();
    // A reset overtakes what was sent; the frames before it are to arrive.
    if (fault.type === 'Cut') setTimeout(() => response.socket?.resetAndDestroy(), 20);
    if (fault.type === 'CutMidFrame') response.write(frame.slice(0, frame.length / 2), () => response.socket?.destroy());
    return true;
  };
  const watch: OpenWatch = {
    kind,
    send: (event) => {
      if (isSilent) return;
      const frame = `${JSON.stringify(event)}\n`;
      if (interfere(frame)) return;
      frames++;
      if (fault?.type === 'Pieces') sending = sending.then(() => sendPieces(response, frame, fault));
      else response.write(frame);
    },
  };
  const forget = store.onEvent((changed, event) => {
    if (changed === kind) onEvent(event);
  });
  watches.add(watch);
  response.on('close', end);
  for (const event of missed) onEvent(event);
  // Without a frame to come: what was to happen after none happens now.
  if (frames === 0 && !isSilent) interfere('');
}

/** Answers with a value, in pieces when the fault asks for it. */
export async function sendJson(response: ServerResponse, code: number, value: unknown, fault: Fault | undefined): Promise<void> {
  response.writeHead(code, { 'content-type': 'application/json' });
  const text = JSON.stringify(value);
  if (fault?.type === 'Broken') {
    response.write(text.slice(0, text.length / 2), () => setTimeout(() => response.socket?.destroy(), 20));
    return;
  }
  if (fault?.type === 'Pieces') await sendPieces(response, text, fault);
  else response.write(text);
  response.end();
}

/** Answers with a log, in pieces when the fault asks for it. What is done to frames of a watch is done to lines: `Cut`, `CutMidFrame` and `Close` end it early. */
export async function sendText(response: ServerResponse, whole: string, fault: Fault | undefined): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/plain' });
  const text = fault !== undefined && 'afterFrames' in fault ? firstLines(whole, fault) : whole;
  if (fault?.type === 'Pieces') await sendPieces(response, text, fault);
  else response.write(text);
  // A reset overtakes what was sent; the lines before it are to arrive.
  if (fault?.type === 'Cut' || fault?.type === 'CutMidFrame') setTimeout(() => response.socket?.resetAndDestroy(), 20);
  else response.end();
}

function firstLines(text: string, { type, afterFrames }: { readonly type: Fault['type']; readonly afterFrames: number }): string {
  const lines = text.split(/(?<=\n)/);
  const next = type === 'CutMidFrame' ? (lines[afterFrames] ?? '') : '';
  return [...lines.slice(0, afterFrames), next.slice(0, next.length / 2)].join('');
}

async function sendPieces(
  response: ServerResponse,
  text: string,
  { bytes, delayMs }: { readonly bytes: number; readonly delayMs: number },
): Promise<void> {
  const all = Buffer.from(text);
  for (let at = 0; at < all.length && !response.destroyed; at += bytes) {
    response.write(all.subarray(at, at + bytes));
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
}

/** Answers with a Status. */
export function sendStatus(response: ServerResponse, status: StatusAnswer, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status.code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(statusOf(status)));
}

function statusOf({ code, reason, message }: StatusAnswer): unknown {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, reason, message };
}
