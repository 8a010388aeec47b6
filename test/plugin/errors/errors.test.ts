import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { run } from '../io.ts';
import { SITUATIONS, type Situation } from './situations.ts';

/** What is said when something goes wrong: the command, stdout (indented by >), stderr and the exit code. `UPDATE_GOLDEN=1 npm run test:unit -- test/plugin/errors` writes them anew: read the diff before you commit it. */
const GOLDEN = fileURLToPath(new URL('../../golden/errors/', import.meta.url));
const isUpdate = process.env.UPDATE_GOLDEN === '1';

const folder = mkdtempSync(join(tmpdir(), 'kubeopencode-errors-'));
afterAll(() => rmSync(folder, { recursive: true }));

let server: FakeApiServer | undefined;
beforeEach(() => {
  // Neither this machine's configuration nor its proxies.
  for (const name of [
    'KUBECONFIG',
    'KUBERNETES_SERVICE_HOST',
    'HTTPS_PROXY',
    'https_proxy',
    'HTTP_PROXY',
    'http_proxy',
    'NO_PROXY',
    'no_proxy',
  ])
    vi.stubEnv(name, undefined);
  mkdirSync(join(folder, 'home', '.kube'), { recursive: true });
  vi.stubEnv('HOME', join(folder, 'home'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  server = undefined;
});

test.each(Object.entries(SITUATIONS))('%s', async (name, situation) => {
  const started = await startFakeApiServer(situation.tls?.());
  server = started;
  const { code, text } = await told(situation, started);
  expect(code, 'an error is no success').not.toBe(0);
  const path = `${GOLDEN}${name}.txt`;
  if (isUpdate) {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(path, text);
  }
  expect(existsSync(path), `${path} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
  expect(text).toBe(readFileSync(path, 'utf8'));
});

test('there is no golden file of a situation that is not there any more', () =>
  expect(readdirSync(GOLDEN).sort()).toEqual(
    Object.keys(SITUATIONS)
      .map((name) => `${name}.txt`)
      .sort(),
  ));

interface Told {
  readonly code: number;
  readonly text: string;
}

async function told({ args: words, arrange, kubeconfig, stdin }: Situation, server: FakeApiServer): Promise<Told> {
  const args = words.map((word) => word.replace('FOLDER', folder));
  const file = join(folder, 'config');
  writeFileSync(file, (kubeconfig ?? ((text) => text))(readFileSync(server.kubeconfig, 'utf8'), folder));
  arrange?.(server, folder);
  if (kubeconfig !== null) vi.stubEnv('KUBECONFIG', file);
  const { code, out, err } = await run(args, { cwd: folder, ...(stdin === undefined ? {} : { stdin }) });
  const command = ['kubectl opencode', ...args.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word}'`))].join(' ');
  const shown = out.replaceAll(/^(?=.)/gm, '> ');
  return { code, text: plainly(server.url, `$ ${command}${stdin === undefined ? '' : ' < FILE'}\n${shown}${err}exit code ${code}\n`) };
}

/** Without what is different each time. */
function plainly(url: string, text: string): string {
  return text
    .replaceAll(join(folder, 'config'), '/home/you/.kube/config')
    .replaceAll(join(folder, 'home'), '/home/you')
    .replaceAll(folder, '/home/you')
    .replaceAll(url.replace(/^https?:\/\//, ''), '192.0.2.1:6443')
    .replaceAll('127.0.0.1', '192.0.2.1')
    .replaceAll(/sha256:[0-9a-f]{12,}/g, 'sha256:000000000000');
}
