import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { task, template } from '#test/support/builders.ts';
import { startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { newObject } from '#test/support/new-object.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** An SDK that tells the name of each span on stderr. */
const SDK = `
import { createRequire } from 'node:module';
const require = createRequire('${ROOT}package.json');
const { context, trace } = require('@opentelemetry/api');
const { BasicTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const exporter = {
  export: (spans, done) => { for (const span of spans) process.stderr.write('span ' + span.name + '\\n'); done({ code: 0 }); },
  shutdown: async () => {},
};
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
`;

test('the bundled host is traced by an SDK that it was started with, although it has none itself', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'traced-'));
  const api = await startFakeApiServer();
  const flags = ['--metrics-bind-address=0', '--health-probe-bind-address=0', '--kubeconfig', api.kubeconfig];
  writeFileSync(join(folder, 'sdk.mjs'), SDK);
  const child = spawn(process.execPath, ['--import', join(folder, 'sdk.mjs'), join(ROOT, 'dist/host.mjs'), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    api.store.put('AgentTemplate', { ...newObject('AgentTemplate', template()), metadata: { ...template().metadata, uid: 'template' } });
    api.store.put('Task', {
      ...newObject('Task', task()),
      metadata: { ...task().metadata, uid: 'task', creationTimestamp: '2026-01-01T00:00:00Z' },
    });
    const spans = await new Promise<ReadonlySet<string>>((resolve, reject) => {
      const seen = new Set<string>();
      let said = '';
      child.stdout.resume();
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        for (const [, name = ''] of said.matchAll(/^span (.*)$/gm)) seen.add(name);
        if (seen.has('reconcile Task') && seen.has('create Pod')) resolve(seen);
      });
      child.once('close', (code) => reject(new Error(`ended with ${code}: ${said}`)));
    });
    expect([...spans]).toEqual(expect.arrayContaining(['list Task', 'decide', 'create Pod', 'reconcile Task']));
  } finally {
    child.kill('SIGKILL');
    await api.close();
    rmSync(folder, { recursive: true });
  }
});
