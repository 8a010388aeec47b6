import { writeFileSync } from 'node:fs';
import type { ServerOptions } from 'node:https';
import { join } from 'node:path';
import { running } from '#test/support/builders.ts';
import { makeCertificates } from '#test/support/certificates.ts';
import type { FakeApiServer, Fault, Verb } from '#test/support/fake-apiserver.ts';
import { putAgent, putTask } from '../tasks.ts';

export interface Situation {
  readonly args: readonly string[];
  readonly arrange?: (server: FakeApiServer, folder: string) => void;
  /** Changes the kubeconfig; null: none is named on the command line. */
  readonly kubeconfig?: ((text: string, folder: string) => string) | null;
  readonly stdin?: string;
  readonly tls?: () => ServerOptions;
}

const forbidden = (what: string, where = ' in the namespace "team-a"'): Fault => ({
  type: 'Status',
  code: 403,
  reason: 'Forbidden',
  message: `tasks.kubeopencode.io is forbidden: User "jane" cannot ${what} resource "tasks" in API group "kubeopencode.io"${where}`,
});
const refuses =
  (verb: Verb, fault: Fault, times = 9) =>
  (server: FakeApiServer): void =>
    server.fail(verb, fault, times);
const runs = (server: FakeApiServer): void => {
  putAgent(server);
  putTask(server, 'fix-bug', { status: running({ podName: 'fix-bug-pod' }) });
};
const file =
  (text: string, name = 'task.yaml') =>
  (_server: FakeApiServer, folder: string): void =>
    writeFileSync(join(folder, name), text);
const exec =
  (command: string, words: string) =>
  (text: string): string =>
    text.replace(
      '{token: test-token}',
      `{exec: {apiVersion: client.authentication.k8s.io/v1, command: ${command}, args: [${words}], interactiveMode: Never}}`,
    );
const certificates = makeCertificates();
const https = (text: string): string => text.replace('server:', `certificate-authority-data: ${base64(certificates.ca)}, server:`);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const TASK = `apiVersion: kubeopencode.io/v1alpha1
kind: Task
metadata:
  name: fix-bug
spec:
  agentRef: {name: coder}
`;

/** One for each thing that goes wrong: by name, which is that of its golden file. */
export const SITUATIONS: Readonly<Record<string, Situation>> = {
  'kubeconfig-none': { args: ['status'], kubeconfig: null },
  'kubeconfig-not-there': { args: ['status', '--kubeconfig', 'nowhere/config'] },
  'kubeconfig-malformed': { args: ['status'], kubeconfig: () => 'clusters: [a\nusers: b\n' },
  'kubeconfig-without-contexts': { args: ['status'], kubeconfig: () => 'apiVersion: v1\nkind: Config\n' },
  'context-unknown': { args: ['status', '--context', 'fak'] },
  'context-without-cluster': {
    args: ['status'],
    kubeconfig: (text) => text.replace('{name: fake, cluster: {', '{name: other, cluster: {'),
  },
  'server-unreachable': { args: ['status'], kubeconfig: (text) => text.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:9') },
  'server-unreachable-version': {
    args: ['version', '-o', 'jsonpath={.core.contract}{"\\n"}'],
    kubeconfig: (text) => text.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:9'),
  },
  'server-unreachable-plan': { args: ['plan', '--all'], kubeconfig: (text) => text.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:9') },
  'server-busy': {
    args: ['status'],
    arrange: refuses('list', {
      type: 'Status',
      code: 429,
      reason: 'TooManyRequests',
      message: 'too many requests, please try again later',
    }),
  },
  'server-is-something-else': {
    args: ['why', 'fix-bug'],
    arrange: refuses('get', { type: 'Raw', code: 200, body: '<html><body>Sign in to the hotel network</body></html>' }),
  },
  'request-timeout': { args: ['status', '--request-timeout', '200ms'], arrange: refuses('list', { type: 'Silence' }) },
  'connection-reset': { args: ['why', 'fix-bug'], arrange: refuses('get', { type: 'ResetBeforeWrite' }) },
  'connection-reset-in-a-write': {
    args: ['stop', 'fix-bug'],
    arrange: (server) => {
      runs(server);
      server.fail('patch', { type: 'ResetAfterWrite' });
    },
  },
  'proxy-unreachable': {
    args: ['status'],
    kubeconfig: (text) => text.replace('cluster: {server', 'cluster: {proxy-url: "http://127.0.0.1:9", server'),
  },
  'tls-unknown-authority': { args: ['status'], tls: () => certificates.server },
  'tls-wrong-name': {
    args: ['status'],
    tls: () => certificates.server,
    kubeconfig: (text) => https(text).replace('server:', 'tls-server-name: api.example.com, server:'),
  },
  'tls-server-speaks-none': { args: ['status'], kubeconfig: (text) => text.replace('http://', 'https://') },
  'token-expired': {
    args: ['status'],
    arrange: refuses('list', { type: 'Status', code: 401, reason: 'Unauthorized', message: 'Unauthorized' }),
  },
  'credential-plugin-fails': {
    args: ['status'],
    kubeconfig: exec('sh', '-c, \'echo "Your session has expired: run cloud-cli login" >&2; exit 1\''),
  },
  'credential-plugin-not-there': { args: ['status'], kubeconfig: exec('no-such-login', 'get-token') },
  'credential-plugin-says-nonsense': { args: ['status'], kubeconfig: exec('echo', 'hello') },
  'credential-plugin-hangs': { args: ['status', '--request-timeout', '500ms'], kubeconfig: exec('sleep', "'3'") },
  'forbidden-list': { args: ['status'], arrange: refuses('list', forbidden('list')) },
  'forbidden-list-everywhere': { args: ['status', '-A'], arrange: refuses('list', forbidden('list', ' at the cluster scope')) },
  'forbidden-get': { args: ['why', 'fix-bug'], arrange: refuses('get', forbidden('get')) },
  'forbidden-stop': {
    args: ['stop', 'fix-bug'],
    arrange: (server) => {
      runs(server);
      server.fail('patch', forbidden('patch'));
    },
  },
  'forbidden-run': {
    args: ['run', 'fix', 'Fix it', '--agent', 'coder'],
    arrange: (server) => {
      runs(server);
      server.fail('create', forbidden('create'));
    },
  },
  'crd-missing': {
    args: ['status'],
    arrange: refuses('list', { type: 'Raw', code: 404, body: '404 page not found\n', contentType: 'text/plain' }),
  },
  'crd-older': {
    args: ['stop', 'fix-bug', '--retain'],
    arrange: (server) => {
      runs(server);
      server.fail('patch', {
        type: 'Status',
        code: 400,
        reason: 'BadRequest',
        message: 'Task in version "v1alpha1" cannot be handled as a Task: strict decoding error: unknown field "spec.stop"',
      });
    },
  },
  'not-found': { args: ['why', 'fix-bgu'], arrange: runs },
  'not-found-here': {
    args: ['why', 'fix-bug', '-n', 'team-b'],
    arrange: runs,
  },
  'agent-not-found': { args: ['run', 'fix', 'Fix it', '--agent', 'codr'], arrange: runs },
  'name-taken': { args: ['run', 'fix-bug', 'Fix it', '--agent', 'coder'], arrange: runs },
  'prompt-missing': { args: ['run', 'fix-bug', '--agent', 'coder'] },
  'prompt-empty': { args: ['run', 'fix', '-', '--agent', 'coder'], stdin: '' },
  'file-not-there': { args: ['plan', '-f', 'nowhere.yaml'] },
  'file-malformed': { args: ['plan', '-f', 'task.yaml'], arrange: file(TASK.replace('  name: fix-bug', '  name: [fix-bug')) },
  'file-unknown-field': { args: ['plan', '-f', 'task.yaml'], arrange: file(`${TASK}  timout: 30m\n`) },
  'file-wrong-type': { args: ['plan', '-f', 'task.yaml'], arrange: file(`${TASK}  priority: high\n`) },
  'file-unknown-kind': { args: ['plan', '-f', 'task.yaml'], arrange: file(TASK.replace('kind: Task', 'kind: Taks')) },
  'file-of-another-namespace': {
    args: ['plan', '-f', 'task.yaml', '-n', 'team-a'],
    arrange: file(TASK.replace('name: fix-bug', 'name: fix-bug\n  namespace: team-b')),
  },
  'file-without-objects': { args: ['plan', '-f', 'task.yaml'], arrange: file('# To be written.\n---\n') },
  'pipe-empty': { args: ['lint', '-f', '-'], stdin: '', kubeconfig: null },
  'file-is-no-core': { args: ['plan', '-f', 'task.yaml', '--core', 'FOLDER/task.yaml'], arrange: file(TASK) },
  'core-not-there': { args: ['plan', '-f', 'task.yaml', '--core', 'FOLDER/core.wasm'], arrange: file(TASK) },
  'journal-not-there': { args: ['replay', 'FOLDER/journal'], kubeconfig: null },
  'flag-unknown': { args: ['status', '--namepsace', 'team-a'] },
  'command-unknown': { args: ['stauts'], kubeconfig: null },
  'command-unknown-asked-for-help': { args: ['stauts', '--help'], kubeconfig: null },
  'nobody-chosen': { args: ['stop'] },
};
