import FuzzSupport

let kubernetesClientTargets: [FuzzTarget] = [
  .watchLines, .json, .watchEvent, .kubeconfig, .serverAddress, .execCredential,
]
