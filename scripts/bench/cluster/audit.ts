import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** What one client asked of the API server. */
export interface ClientCounts {
  /** create, update, patch and delete, those of Leases left out. */
  writes: number;
  /** Of the writes those of Events. */
  eventWrites: number;
  /** get and list; watches are none. */
  reads: number;
  /** Answers 409. */
  conflicts: number;
  /** Answers from 400. */
  refusals: number;
  /** By `verb resource/subresource`, with ` CODE` behind it from 400. */
  readonly calls: Map<string, number>;
}

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

interface AuditEvent {
  readonly stage?: string;
  readonly verb?: string;
  readonly userAgent?: string;
  readonly requestURI?: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code?: number };
}

/** Counts what stands in a part of an audit log, by user agent. The policy leaves out `RequestReceived`, so a request that is over is one line. */
export async function countCalls(file: string, fromByte: number, toByte: number): Promise<ReadonlyMap<string, ClientCounts>> {
  const clients = new Map<string, ClientCounts>();
  if (toByte <= fromByte) return clients;
  const lines = createInterface({
    input: createReadStream(file, { start: fromByte, end: toByte - 1 }),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  for await (const line of lines) {
    const event = parse(line);
    if (event !== null) count(clients, event);
  }
  return clients;
}

/** null: a line that was cut by the bounds. */
function parse(line: string): AuditEvent | null {
  try {
    return JSON.parse(line) as AuditEvent;
  } catch {
    return null;
  }
}

function count(
  clients: Map<string, ClientCounts>,
  { stage, verb = '', userAgent = '', requestURI = '', objectRef, responseStatus }: AuditEvent,
): void {
  if (verb === 'watch' || (stage !== 'ResponseComplete' && stage !== 'Panic')) return;
  const { resource, subresource } = objectRef ?? {};
  if (resource === 'leases') return;
  const what =
    resource === undefined ? (requestURI.split('?', 1)[0] ?? '') : `${resource}${subresource === undefined ? '' : `/${subresource}`}`;
  const code = responseStatus?.code ?? 0;
  const client = clients.get(userAgent) ?? newCounts();
  clients.set(userAgent, client);
  if (WRITES.has(verb)) {
    client.writes += 1;
    if (resource === 'events') client.eventWrites += 1;
  } else client.reads += 1;
  if (code === 409) client.conflicts += 1;
  if (code >= 400) client.refusals += 1;
  const call = `${verb} ${what}${code >= 400 ? ` ${code}` : ''}`;
  client.calls.set(call, (client.calls.get(call) ?? 0) + 1);
}

function newCounts(): ClientCounts {
  return { writes: 0, eventWrites: 0, reads: 0, conflicts: 0, refusals: 0, calls: new Map() };
}

/** The sum over all clients whose user agent fits. */
export function callsOf(clients: ReadonlyMap<string, ClientCounts>, agent: RegExp): ClientCounts {
  const sum = newCounts();
  for (const [userAgent, counts] of clients) {
    if (!agent.test(userAgent)) continue;
    for (const name of ['writes', 'eventWrites', 'reads', 'conflicts', 'refusals'] as const) sum[name] += counts[name];
    for (const [call, times] of counts.calls) sum.calls.set(call, (sum.calls.get(call) ?? 0) + times);
  }
  return sum;
}
