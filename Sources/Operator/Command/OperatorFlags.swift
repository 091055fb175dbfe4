import ArgumentParser

/// The command line. Nothing is read from the environment here: see `OperatorConfiguration`.
struct OperatorFlags: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The kubeconfig to reach the cluster with.",
      discussion: "Left out: in a pod its service account, elsewhere $KUBECONFIG or ~/.kube/config.", valueName: "path")
  )
  var kubeconfig: String?

  @Option(help: ArgumentHelp("The context of the kubeconfig; left out, its current one.", valueName: "name"))
  var context: String?

  @Option(
    help: ArgumentHelp(
      "Watch this namespace alone; repeat for several. Left out: all, which needs a ClusterRole.", valueName: "name"))
  var namespace: [String] = []

  @Option(
    help: ArgumentHelp(
      "The image of ProgLogs that name none in spec.image (default: \(OperatorConfiguration.defaultLogdImage)).",
      discussion: "A change restarts the servers of those ProgLogs.", valueName: "image"))
  var logdImage: String?

  @Option(
    help: ArgumentHelp(
      "Where /livez, /readyz and /metrics are served, without TLS (default: 0.0.0.0:8081).", valueName: "host:port"))
  var opsAddr: String?

  @Option(
    help: ArgumentHelp(
      "The least level of messages: trace, debug, info, notice, warning, error or critical (default: info).",
      valueName: "level"))
  var logLevel: String?

  @Option(
    help: ArgumentHelp(
      "How messages are written: text, json, or auto, which is text on a terminal (default: auto).",
      valueName: "format"))
  var logFormat: String?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Act only while holding a Lease, so that several operators may run.",
      discussion: "Left out: yes in a pod, no with a kubeconfig. Without it run one operator at a time."))
  var leaderElect: Bool?

  @Option(
    help: ArgumentHelp(
      "The Lease (default: \(OperatorConfiguration.defaultLeaseName)).",
      discussion: "Operators that serve different namespaces need different ones.", valueName: "name"))
  var leaseName: String?

  @Option(
    help: ArgumentHelp(
      "The Lease's namespace. Left out: the pod's own; with a kubeconfig, the context's.", valueName: "name"))
  var leaseNamespace: String?
}
