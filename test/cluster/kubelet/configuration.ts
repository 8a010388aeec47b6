/** Name of the node: the API server must reach it by its host name. */
export const NODE_NAME = 'localhost';

/** Bridge of the Pods' network; clean-up.sh removes it. */
export const BRIDGE = 'koc-kubelet';

/** containerd 1.6 and later: everything in our folder, no snapshotter but overlayfs, and no lowering of OOM scores, which a container we run in may forbid. */
export function containerdConfiguration(folder: string, socket: string, pauseImage: string): string {
  return `version = 2
root = "${folder}/root"
state = "${folder}/run/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
}

/** A bridge without a way out: the Pods of these tests need none. */
export function networkConfiguration(stateFolder: string): object {
  const ipam = { type: 'host-local', dataDir: stateFolder, ranges: [[{ subnet: '10.245.0.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] };
  return {
    cniVersion: '0.4.0',
    name: BRIDGE,
    plugins: [{ type: 'bridge', bridge: BRIDGE, isGateway: true, ipMasq: false, hairpinMode: true, ipam }],
  };
}

/** A kubelet that touches as little of the machine as it can; cgroup v1 is allowed. */
export function kubeletConfiguration(socket: string, port: number): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: '127.0.0.1',
    port,
    healthzPort: 0,
    containerRuntimeEndpoint: `unix://${socket}`,
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: '/',
    failSwapOn: false,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    oomScoreAdj: 0,
    enforceNodeAllocatable: ['pods'],
    evictionHard: {},
    imageGCHighThresholdPercent: 100,
    localStorageCapacityIsolation: false,
    podCIDR: '10.245.0.0/24',
    clusterDNS: ['10.0.0.10'],
    resolvConf: '',
    registerNode: true,
    shutdownGracePeriod: '0s',
    protectKernelDefaults: false,
    makeIPTablesUtilChains: false,
  };
}
