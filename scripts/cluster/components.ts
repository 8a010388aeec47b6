/** The programs of the local control plane, where their source lies, and which release of Kubernetes they are. */

/** Release that `go/go.mod` pins; stamped into the binaries, which would otherwise call themselves v0.0.0. */
export const KUBERNETES_VERSION = '1.37.2';

/** Program name -> Go package, in the order in which they are built: cheap first, so that a missing tool shows early. */
export const COMPONENTS = {
  etcd: 'go.etcd.io/etcd/server/v3',
  kwok: 'sigs.k8s.io/kwok/cmd/kwok',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  kubelet: 'k8s.io/kubernetes/cmd/kubelet',
} as const;

export type Component = keyof typeof COMPONENTS;

/** What a cluster without real containers needs. */
export const CLUSTER_COMPONENTS = [
  'etcd',
  'kwok',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
] as const satisfies readonly Component[];

/** What a real node needs besides. */
export const NODE_COMPONENTS = ['kubelet'] as const satisfies readonly Component[];
