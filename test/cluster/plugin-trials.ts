/** One command line on the cluster of `plugin-commands.test.ts`, tried in the order of the table. */
export interface Trial {
  /** Behind the command. NAMESPACE and FOLDER stand for those of the test. */
  readonly words: readonly string[];
  readonly stdin?: string;
  /** Default: 0. */
  readonly code?: number;
  readonly out?: RegExp;
  /** Default, where the code is 0: nothing. */
  readonly err?: RegExp;
}

const IN = ['-n', 'NAMESPACE'];
const json = (text: string): RegExp => new RegExp(`^\\{\\n[\\s\\S]*${text}[\\s\\S]*\\}\\n$`);

/** By command. They share Tasks: `done`, `failed`, `holder` (of the one place of Agent `coder`), `waits` (for it), and some that run without end. */
export const TRIALS: Readonly<Record<string, readonly Trial[]>> = {
  version: [
    { words: [], out: /^Plugin: \d+\.\d+\.\d+\nCore: sha256:[0-9a-f]{64}\nContract: \d+\nNode: \S+\nServer: v1\.\d+/ },
    { words: ['--client', '-o', 'json'], out: json('"contract": \\d+') },
  ],
  plan: [
    { words: ['waits', ...IN], code: 3, out: /^Task \S+\/waits$[\s\S]*waits for|next: /m },
    { words: ['--all', ...IN, '--show-steps'], code: 3, out: /Task \S+\/waits/ },
    { words: ['--all', ...IN, '-o', 'wide'], code: 3, out: /^NAMESPACE +NAME +/m },
    { words: ['-A', '--field-selector', 'metadata.name=waits', '-o', 'wide', '--no-headers'], code: 3, out: /^\S+ +waits +/m },
    { words: ['-l', 'team=web', ...IN, '-o', 'json'], out: json('"name": "web-1"') },
    { words: ['-f', 'FOLDER/task.yaml', '--live', ...IN, '--detailed-exitcode'], code: 2, out: /creates pod planned-pod/ },
    {
      words: ['-f', 'FOLDER', '-R', '--assume', 'out-of-memory', '--run-for', '5m', '--horizon', '1h', '--live', ...IN],
      out: /OutOfMemory/,
    },
    { words: ['runs', ...IN, '--at', '+2h', '--no-color'], out: /Task \S+\/runs/ },
  ],
  replay: [
    { words: ['FOLDER/journal'], out: /decisions?, all the same/ },
    { words: ['FOLDER/journal', 'done', ...IN, '-o', 'json', '--no-color'], out: json('"different": 0') },
    { words: ['FOLDER/journal', '--explain', '1'], out: /^seq 1 {2}Task / },
  ],
  why: [
    { words: ['waits', ...IN], out: /^Task \S+\/waits is Queued: agent "coder" has no place free/ },
    { words: ['failed', ...IN, '--no-color'], out: /exit code 3/ },
    { words: ['done', ...IN, '-o', 'json', '--leader-elect-namespace', 'kubeopencode-system'], out: json('"phase": "Completed"') },
    { words: ['runs', ...IN, '--leader-elect-lease-name', 'task-controller.kubeopencode.io'], out: /is Running/ },
    { words: ['rusn', ...IN], code: 1, out: /^$/, err: /^error: .* "rusn" not found in namespace \S+; did you mean runs\n$/ },
  ],
  status: [
    { words: [...IN], out: /^NAME +PHASE[\s\S]*^done +Completed[\s\S]*Tasks: /m },
    { words: [...IN, '-o', 'wide', '--no-headers', '--no-color'], out: /^waits +Queued .* 1\/1 /m },
    { words: ['-A', '-l', 'team=web', '-o', 'name'], out: /^task\.kubeopencode\.io\/web-1$/m },
    { words: ['--field-selector', 'metadata.name=done', '-o', 'jsonpath={.tasks[*].name}', ...IN], out: /^done\n?$/ },
    { words: ['waits', ...IN], out: /├─ Queue {2}1 of 1 for agent coder/ },
    { words: ['failed', 'done', '-w', ...IN], out: /Attempt 1 {2}Application, exit code 3[\s\S]*Task \S+\/done {2}Completed/ },
    { words: ['done', ...IN, '-o', 'yaml'], out: /^formatVersion: 1$/m },
  ],
  logs: [
    { words: ['done', '--previous', ...IN], code: 1, out: /^$/, err: /there was none before the latest; it has had 1 attempt\n$/ },
    { words: ['runs', ...IN], out: /^agent: started\n$/ },
    { words: ['failed', ...IN, '-c', 'agent', '--tail', '1'], out: /^agent: ended with exit code 3\n$/ },
    { words: ['done', ...IN, '-f', '--since', '1h', '--timestamps'], out: /^\d{4}-\S+Z agent: started\n\d{4}-\S+Z agent: done\n$/ },
    { words: ['failed', ...IN, '--attempt', '1'], out: /^agent: started\n/ },
    { words: ['waits', ...IN], code: 1, out: /^$/, err: /it has no pod yet: Queued: .*; -f waits for it\n$/ },
  ],
  run: [
    { words: ['dry', 'Fix it', '--template', 'quick', '--dry-run', '-o', 'yaml', ...IN], out: /^ {2}name: dry$/m },
    {
      words: ['agentless', 'Fix it', '--agent', 'codr', ...IN],
      code: 1,
      out: /^$/,
      err: /"codr" not found in namespace \S+; did you mean coder\n$/,
    },
    {
      words: ['named', 'Fix it', '--template', 'quick', '--timeout', '5m', '--priority', '7', ...IN, '-o', 'name'],
      out: /^task\.kubeopencode\.io\/named\n$/,
    },
    {
      words: ['piped', '-', '--template', 'quick', '--wait', ...IN],
      stdin: 'Fix it\n',
      out: /^task\.kubeopencode\.io\/piped created\n$/,
      err: /^\+\d+s {2}[\s\S]*\n\+\d+s {2}Completed\n$/,
    },
    {
      words: ['Fix it', '--template', 'broken', '--wait', ...IN],
      code: 3,
      out: /^task\.kubeopencode\.io\/task-\w{5} created\n$/,
      err: /Failed \(Application, exit code 3\)/,
    },
  ],
  stop: [
    {
      words: ['--field-selector', 'metadata.name=ops-1', '--dry-run', ...IN],
      out: /^task\.kubeopencode\.io\/ops-1 stopped \(dry run\)\n$/,
    },
    { words: ['--all', '--dry-run', ...IN], out: /holder stopped \(dry run\)/ },
    { words: ['runs', '--dry-run', ...IN], out: /^task\.kubeopencode\.io\/runs stopped \(dry run\)\n$/ },
    { words: ['kept', '--retain', '--wait', ...IN], out: /kept stopped\n.*kept ended: Completed \(Stopped/ },
    { words: ['cleaned', '--wait', '--timeout', '1m', ...IN], out: /cleaned stopped\n.*cleaned ended: Completed \(Stopped/ },
    { words: ['-l', 'team=web', '-o', 'name', ...IN], out: /^task\.kubeopencode\.io\/web-1\n$/ },
    { words: ['done', ...IN], out: /done unchanged: it has ended: Completed\n$/ },
    { words: ['waits', '--wait', ...IN], out: /waits ended: Completed \(Stopped\)/ },
  ],
  retry: [
    { words: ['--field-selector', 'metadata.name=none', ...IN], err: /^No Task to retry in \S+ namespace\.\n$/ },
    { words: ['--all', '--dry-run', ...IN], out: /^task\.kubeopencode\.io\/failed attempt 2 asked for \(dry run\)$/m },
    {
      words: ['failed', '--wait', ...IN],
      code: 3,
      out: /failed attempt 2 asked for\n$/,
      err: /\+\d+s {2}Failed \(Application, exit code 3\)/,
    },
    { words: ['-l', 'team=none', ...IN], err: /^No Task to retry in \S+ namespace\.\n$/ },
    { words: ['cleaned', '-o', 'name', ...IN], out: /^task\.kubeopencode\.io\/cleaned\n$/ },
    { words: ['done', ...IN], code: 1, out: /^$/, err: /it has succeeded/ },
  ],
  release: [
    {
      words: ['--field-selector', 'metadata.name=runs-pod', '--dry-run', '--no-headers', ...IN],
      out: /runs-pod +Running +runs +/,
      err: /[\s\S]*/,
    },
    { words: ['runs', '--dry-run', ...IN], out: /runs-pod +Running +runs +/ },
    { words: ['-l', 'kubeopencode.io/task', '--dry-run', '-o', 'json', ...IN], out: json('"result": "WouldRelease"'), err: /[\s\S]*/ },
    {
      words: ['-A', '--dry-run', '-o', 'name', '--leader-elect-namespace', 'none', '--leader-elect-lease-name', 'none'],
      out: /^pod\/runs-pod$/m,
      err: /[\s\S]*/,
    },
  ],
  simulate: [
    {
      words: ['-f', 'FOLDER/files/simulated.yaml', '--histories', '2', '--seed', '7', '--fault', 'crash', '--no-color'],
      out: /2 histories of seeds 7 to 8/,
    },
    { words: ['-f', 'FOLDER/files', '-R', '--histories', '1', '--show-steps', ...IN], out: /history of seed 1\n/ },
    { words: ['-f', 'FOLDER/files/simulated.yaml', '--histories', '1', '-o', 'json'], out: json('"formatVersion": 1') },
  ],
  schema: [
    { words: ['status'], out: json('"formatVersion"') },
    { words: ['nonsense'], code: 1, out: /^$/, err: /^error: / },
  ],
  completion: [{ words: ['bash'], out: /kubectl-opencode/ }],
  options: [{ words: [], out: /--insecure-skip-tls-verify/ }],
  lint: [
    { words: ['-f', 'FOLDER/task.yaml', '-n', 'NAMESPACE'], out: /no faults/ },
    { words: ['-f', 'FOLDER', '-R', '-o', 'json', '--no-color'], out: json('"faults": \\[\\]') },
    {
      words: ['-f', '-'],
      stdin: 'apiVersion: kubeopencode.io/v1alpha1\nkind: Taks\n',
      code: 1,
      out: /^<stdin>:2:7 {2}kind: there is no Taks in kubeopencode\.io; did you mean Task\n/,
    },
  ],
};

/** Flags that are not of one command, and where they are tried. */
export const FLAGS_TRIED_ELSEWHERE: Readonly<Record<string, string>> = {
  '--kubeconfig': 'test/plugin: every test with a server names one',
  '--context': 'test/plugin/errors',
  '--request-timeout': 'test/plugin/errors',
  '--core': 'test/plugin/errors, test/plugin/replay',
};
