import { parseArgs } from 'node:util';
import { OUTCOMES } from '#host/cluster/memory/pod-script.ts';
import { findBinaries } from './cluster/binaries.ts';
import { CLUSTER_COMPONENTS } from './cluster/components.ts';
import { startControlPlane } from './cluster/control-plane.ts';
import { kindAnswers, startKind } from './cluster/kind.ts';
import { applyCrds, CRDS } from './cluster/manifests.ts';
import { stopAsked } from './process/stop-asked.ts';

const OUTCOME_LINES = [OUTCOMES.slice(0, 7), OUTCOMES.slice(7)].map((words) => words.join(' | ')).join(` |\n${' '.repeat(38)}`);

const HELP = `Usage: npm run cluster -- [flags]

Starts a Kubernetes cluster on this machine, installs this project's CustomResourceDefinitions and prints the line
that points kubectl at it. Ctrl-C ends the cluster and removes all that it wrote.

With kind and a container engine the cluster is a kind cluster, whose Pods run. (This way has not been tried by us yet.)
Otherwise it is etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok on 127.0.0.1: everything is real but the
kubelet, which kwok plays. A Pod's containers "run" 3 seconds and succeed; the Pod's labels (podSpec.labels) choose otherwise:

  sim.kubeopencode.io/outcome         ${OUTCOME_LINES}
  sim.kubeopencode.io/container       whom that is about, default agent; also an init container
  sim.kubeopencode.io/exit-code       of fail, default 1
  sim.kubeopencode.io/run-for         default 3s
  sim.kubeopencode.io/start-delay     default 0s
  sim.kubeopencode.io/pull-for        how long a pull of the image takes, default 0s
  sim.kubeopencode.io/pull-failures   how many pulls fail before one succeeds, default 0
  sim.kubeopencode.io/stop-after      how long the containers take after SIGTERM, default 0s
  sim.kubeopencode.io/stop-exit-code  default 143

and of its annotations sim.kubeopencode.io/message is what the container leaves as termination message, sim.kubeopencode.io/log
what it writes to its log. The memory cluster of "npm start", "kubectl opencode plan" and the simulation reads the same.

The programs come from KUBEBUILDER_ASSETS (a folder), else from the cache, else from PATH. What is missing is built from Go modules
into \${XDG_CACHE_HOME:-~/.cache}/kubeopencode/bin, once: about 10 minutes on 2 cores. To spare that, unpack a release of the
envtest tools (etcd, kube-apiserver, kubectl) and the other programs' release binaries into one folder and name it in
KUBEBUILDER_ASSETS.

Flags:
  --no-kind     the control plane, also where kind would work
  --nodes N     nodes that kwok plays, default 4
  -h, --help    this text
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kind: { type: 'boolean', default: true },
      nodes: { type: 'string', default: '4' },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowNegative: true,
  });
  if (values.help) return void process.stdout.write(HELP);
  const fakeNodes = Number(values.nodes);
  if (!Number.isInteger(fakeNodes) || fakeNodes < 1)
    throw new Error(`--nodes: expected a whole number from 1, got ${JSON.stringify(values.nodes)}`);

  const asked = stopAsked();
  const cluster = values.kind && (await kindAnswers()) ? await withKind() : await withControlPlane(fakeNodes);
  process.stdout.write(`export KUBECONFIG=${cluster.kubeconfig}\n`);
  report('the cluster is up, with the CustomResourceDefinitions installed; Ctrl-C ends it');
  await asked;
  report('ending the cluster');
  await cluster.stop();
}

async function withKind(): Promise<{ kubeconfig: string; stop(): Promise<void> }> {
  const cluster = await startKind(report);
  await applyCrds('kubectl', cluster.kubeconfig);
  return cluster;
}

async function withControlPlane(fakeNodes: number): Promise<{ kubeconfig: string; stop(): Promise<void> }> {
  const binaries = await findBinaries(CLUSTER_COMPONENTS, report);
  return startControlPlane({ binaries, report, fakeNodes, crds: CRDS });
}

function report(line: string): void {
  process.stderr.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  // What was started ends with this process.
  process.exit(1);
});
