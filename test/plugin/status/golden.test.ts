import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { realClock } from '#host/real-clock.ts';
import { defineStatus, type StatusFlags } from '#plugin/commands/status.ts';
import type { Io } from '#plugin/io.ts';
import { runStatusCommand } from '#plugin/status/command.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { quietIo } from '../io.ts';

/** What `status` prints, one folder a situation: objects of a cluster, words of the command line. `UPDATE_GOLDEN=1 npm run test:unit -- test/plugin/status` writes them anew: read the diff before you commit it. */
const GOLDEN = fileURLToPath(new URL('../../golden/status/', import.meta.url));
const isUpdate = process.env.UPDATE_GOLDEN === '1';
/** All times of the cases are counted from here. */
const clock = { ...realClock, now: () => Date.parse('2026-01-01T10:05:00Z') };

const cases = readdirSync(GOLDEN).sort();
let server: FakeApiServer;
beforeEach(async () => {
  server = await startFakeApiServer();
  // A flag would stand in the commands that are told.
  vi.stubEnv('KUBECONFIG', server.kubeconfig);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

test('there are cases', () => expect(cases.length).toBeGreaterThan(14));

test.each(cases)('%s', async (name) => {
  const text = readFileSync(`${GOLDEN}${name}/input.yaml`, 'utf8');
  for (const document of [parseAllDocuments(text)].flat()) {
    const object = document.toJS() as KubernetesObject & { readonly kind: Kind };
    server.store.put(object.kind, object);
  }
  const args = JSON.parse(readFileSync(`${GOLDEN}${name}/args.json`, 'utf8')) as readonly string[];
  check(`${GOLDEN}${name}/status.txt`, await status(args));
  if (!args.includes('-o')) check(`${GOLDEN}${name}/status.json`, await status([...args, '-o', 'json']));
});

async function status(args: readonly string[]): Promise<string> {
  let out = '';
  const io: Io = {
    ...quietIo(),
    out: (text) => {
      out += text;
    },
    err: (text) => expect.fail(`expected nothing on stderr, came ${text}`),
  };
  const program = new Command();
  defineStatus(program, io, () => {});
  const [command] = program.commands;
  command?.action(async (names: readonly string[], flags: StatusFlags) => {
    expect(await runStatusCommand(names, flags, io, clock)).toBe(0);
  });
  await program.parseAsync(['status', ...args], { from: 'user' });
  return out;
}

function check(file: string, actual: string): void {
  if (isUpdate) writeFileSync(file, actual);
  expect(existsSync(file), `${file} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
  expect(actual).toBe(readFileSync(file, 'utf8'));
}
