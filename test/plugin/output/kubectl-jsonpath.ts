import { spawnSync } from 'node:child_process';

/** What kubectl made of a template. */
export interface Case {
  readonly form: 'jsonpath' | 'jsonpath-as-json';
  readonly template: string;
  /** What it printed. */
  readonly out?: string;
  /** Why it did not. */
  readonly error?: string;
}

export interface Fixture {
  /** Version of the kubectl that was asked. */
  readonly kubectl: string;
  /** The command, with the object on its standard input. */
  readonly command: string;
  readonly object: unknown;
  readonly cases: readonly Case[];
}

/** Maps that are walked through have one key: Go walks through others in any order. Looks like what `status -o json` prints, and has what a template can stumble over. */
const OBJECT = {
  apiVersion: 'kubeopencode.io/v1alpha1',
  kind: 'Report',
  metadata: { name: 'report', labels: { 'app.kubernetes.io/name': 'opencode' } },
  formatVersion: 1,
  tasks: [
    {
      namespace: 'team-a',
      name: 'fix',
      phase: 'Running',
      priority: 3,
      share: 0.5,
      stopping: true,
      attempts: [{ number: 1 }, { number: 2 }],
    },
    { namespace: 'team-a', name: 'docs', phase: 'Queued', priority: 0, share: 1.5, queue: { position: 2, ahead: ['fix', 'late'] } },
    { namespace: 'team-b', name: 'late', phase: 'Failed', priority: -1, message: 'a <b> & "c"', attempts: [] },
  ],
  counts: { phases: { Failed: 1, Queued: 1, Running: 1 } },
  nothing: null,
  text: "it's",
  large: 123456789012,
  tiny: 0.00001,
  empty: [],
};

const TEMPLATES: readonly string[] = [
  '{.counts..Failed}',
  '{.kind}',
  '{.metadata.name}{"\\n"}',
  'plain text',
  '.kind',
  '{}',
  '{.}',
  '{$}',
  '{@}',
  '{$.kind}',
  '{@.kind}',
  '{.missing}',
  '{.missing.deeper}',
  '{.kind.deeper}',
  '{.nothing}',
  '{.large} {.tiny} {.text}',
  '{.tasks[0].share} {.tasks[1].share}',
  '{.tasks}',
  '{.tasks[*].name}',
  '{.tasks[0].name}',
  '{.tasks[-1].name}',
  '{.tasks[-1:].name}',
  '{.tasks[0:2].name}',
  '{.tasks[:2].name}',
  '{.tasks[1:].name}',
  '{.tasks[::2].name}',
  '{.tasks[0:3:2].name}',
  '{.tasks[:-1].name}',
  '{.tasks[-2:-1].name}',
  '{.tasks[1:1].name}',
  '{.tasks[5].name}',
  '{.tasks[0:9].name}',
  '{.tasks[2:1].name}',
  '{.tasks[0:3:0].name}',
  '{.tasks[-9].name}',
  '{.tasks[0,2].name}',
  '{.tasks[0, 2].name}',
  "{.tasks[0]['name','phase']}",
  "{.tasks[*]['name', 'phase']}",
  "{.metadata['name']}",
  '{.metadata["name"]}',
  "{.metadata.labels['app\\.kubernetes\\.io/name']}",
  "{.metadata.labels['app.kubernetes.io/name']}",
  '{.metadata.labels.app\\.kubernetes\\.io/name}',
  '{.metadata.labels[*]}',
  '{.counts.*}',
  '{.counts.phases}',
  '{.counts}',
  '{.tasks[?(@.phase=="Running")].name}',
  "{.tasks[?(@.phase=='Running')].name}",
  '{.tasks[?(@.phase!="Running")].name}',
  '{.tasks[?(@.priority>0)].name}',
  '{.tasks[?(@.priority>=0)].name}',
  '{.tasks[?(@.priority<0)].name}',
  '{.tasks[?(@.priority<=0)].name}',
  '{.tasks[?(@.priority==3)].name}',
  '{.tasks[?(@.priority==3.0)].name}',
  '{.tasks[?(@.priority=="3")].name}',
  '{.tasks[?(@.share==0.5)].name}',
  '{.tasks[?(@.share>1)].name}',
  '{.tasks[?(@.name>"e")].name}',
  '{.tasks[?(@.stopping)].name}',
  '{.tasks[?(@.stopping==true)].name}',
  '{.tasks[?(@.stopping>false)].name}',
  '{.tasks[?(@.queue.position==2)].name}',
  '{.tasks[?(@.attempts)].name}',
  '{.tasks[?(@.attempts[0].number==1)].name}',
  '{.tasks[?(@.attempts[*].number==1)].name}',
  '{.tasks[?(@.name==@.phase)].name}',
  '{.tasks[?(@.name=~"f.*")].name}',
  '{.tasks[?(@.message=="a <b> & \\"c\\"")].name}',
  '{.kind[?(@.name=="x")]}',
  '{.kind[0]}',
  '{.counts[0]}',
  '{.nothing[0]}',
  '{.empty[0]}',
  '{.empty[*].name}',
  '{.empty}',
  '{..number}',
  '{.tasks..number}',
  '{.metadata.labels..}',
  '{.tasks[*].attempts[*].number}',
  '{.tasks[*].queue.ahead}',
  '{range .tasks[*]}{.name}{"\\t"}{.phase}{"\\n"}{end}',
  '{range .tasks[*]}{.name}: {.priority}, {end}done',
  '{range .tasks[*]}[{.metadata.name}, {.missing}] {end}',
  '{range .tasks[*]}{.name}{range .attempts[*]} {.number}{end};{end}{.kind}',
  '{range .empty[*]}{.name}{end}none',
  '{range .missing}{.name}{end}none',
  '{range .tasks[?(@.phase=="Queued")]}{.name} {.queue.ahead[0]}{end}',
  '{range .tasks[*]}{.name} ',
  '{end}',
  '{range .tasks[*]}{.name}{end}{end}',
  '{"it\'s \\"quoted\\" \\u00e9 \\x41"}',
  "{'single'}",
  '{"\\q"}',
  '{1}',
  '{-1.5}',
  '{true}',
  '{1.2.3}',
  '{kind}',
  '{.kind',
  '{.tasks[}',
  '{.tasks[a]}',
  '{.tasks[?(@.x]}',
  '{.tasks[?(@.x==)]}',
  '{"open}',
  '{#}',
  '{.kind}}',
  '{.kind .missing}',
  '{.kind} {.metadata.name}',
  '{ .kind }',
  '{.tasks[*].name}{"\\n"}{.tasks[*].phase}',
  '{.tasks[0].attempts}{.tasks[2].message}',
  '{.tasks[0,1].queue.position}',
];
const AS_JSON: readonly string[] = [
  '{.tasks[*].name}',
  '{.tasks[2]}',
  '{.kind}',
  '{.missing}',
  '{.tasks[*].name}{.kind}',
  '{range .tasks[*]}{.name}{end}',
];

const COMMAND = ['patch', '--local', '-f', '-', '--type', 'merge', '-p', '{}'];

/** Asks a kubectl for all of them; it needs no server. */
export function askKubectl(kubectl: string): Fixture {
  const ask = (form: Case['form'], template: string): Case => {
    const { status, stdout, stderr } = spawnSync(kubectl, [...COMMAND, '-o', `${form}=${template}`], {
      input: JSON.stringify(OBJECT),
      encoding: 'utf8',
      env: { HOME: '/nonexistent' },
    });
    return status === 0 ? { form, template, out: stdout } : { form, template, error: stderr.split('\n', 1)[0] ?? '' };
  };
  const version = spawnSync(kubectl, ['version', '--client', '-o', 'json'], { encoding: 'utf8' }).stdout;
  return {
    kubectl: (JSON.parse(version) as { readonly clientVersion: { readonly gitVersion: string } }).clientVersion.gitVersion,
    command: `kubectl ${COMMAND.join(' ')} -o FORM=TEMPLATE`,
    object: OBJECT,
    cases: [...TEMPLATES.map((template) => ask('jsonpath', template)), ...AS_JSON.map((template) => ask('jsonpath-as-json', template))],
  };
}
