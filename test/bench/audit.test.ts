import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { callsOf, countCalls } from '#scripts/bench/cluster/audit.ts';

const HOST = 'kubeopencode-host/0.1.0';
const directory = mkdtempSync(join(tmpdir(), 'kubeopencode-audit-'));
afterAll(() => rmSync(directory, { recursive: true }));

interface Request {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly code?: number;
  readonly agent?: string;
  readonly stage?: string;
}

const line = ({ verb, resource, subresource, code = 200, agent = HOST, stage = 'ResponseComplete' }: Request): string =>
  `${JSON.stringify({
    kind: 'Event',
    stage,
    verb,
    userAgent: agent,
    requestURI: `/x/${resource}`,
    objectRef: { resource, ...(subresource === undefined ? {} : { subresource }) },
    responseStatus: { code },
  })}\n`;

async function counted(requests: readonly Request[], agent = /^kubeopencode-host/) {
  const file = join(directory, 'audit.log');
  const text = requests.map(line).join('');
  writeFileSync(file, text);
  return callsOf(await countCalls(file, 0, text.length), agent);
}

describe('the calls of a client in an audit log', () => {
  test('are writes, Events among them, and reads; watches and Leases are none', async () => {
    const calls = await counted([
      { verb: 'create', resource: 'pods' },
      { verb: 'patch', resource: 'tasks', subresource: 'status' },
      { verb: 'delete', resource: 'pods' },
      { verb: 'create', resource: 'events' },
      { verb: 'get', resource: 'pods' },
      { verb: 'list', resource: 'tasks' },
      { verb: 'watch', resource: 'tasks', stage: 'ResponseStarted' },
      { verb: 'watch', resource: 'tasks' },
      { verb: 'update', resource: 'leases' },
    ]);
    expect(calls).toMatchObject({ writes: 4, eventWrites: 1, reads: 2, conflicts: 0, refusals: 0 });
    expect([...calls.calls]).toContainEqual(['patch tasks/status', 1]);
  });

  test('that were refused are told by their code, and those of others are not counted', async () => {
    const calls = await counted([
      { verb: 'patch', resource: 'tasks', subresource: 'status', code: 409 },
      { verb: 'patch', resource: 'tasks', subresource: 'status', code: 409 },
      { verb: 'create', resource: 'pods', code: 403 },
      { verb: 'create', resource: 'pods', agent: 'kwok/v0.7' },
    ]);
    expect(calls).toMatchObject({ writes: 3, conflicts: 2, refusals: 3 });
    expect(Object.fromEntries(calls.calls)).toEqual({ 'patch tasks/status 409': 2, 'create pods 403': 1 });
  });

  test('are those between two places of the file, of which each may lie within a line', async () => {
    const file = join(directory, 'part.log');
    const lines = ['pods', 'secrets', 'nodes'].map((resource) => line({ verb: 'get', resource }));
    writeFileSync(file, lines.join(''));
    const [first = '', second = ''] = lines;
    const calls = callsOf(await countCalls(file, first.length, first.length + second.length), /./);
    expect(Object.fromEntries(calls.calls)).toEqual({ 'get secrets': 1 });
    expect((await countCalls(file, 5, first.length + second.length + 5)).get(HOST)?.reads).toBe(1);
    expect((await countCalls(file, 10, 10)).size).toBe(0);
  });
});
