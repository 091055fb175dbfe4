import FoundationEssentials
import Logging

/// Runs a credential plugin when its last answer has expired or was refused; for all who ask at that time together,
/// once.
actor ExecCredentialSource {
  private let run: @Sendable () async throws(KubernetesError) -> ExecCredential
  private let now: @Sendable () -> Date
  private var credential: ExecCredential?
  private var running: Task<Result<ExecCredential, KubernetesError>, Never>?

  init(
    now: @escaping @Sendable () -> Date = { .now },
    run: @escaping @Sendable () async throws(KubernetesError) -> ExecCredential
  ) {
    self.now = now
    self.run = run
  }

  func current() async throws(KubernetesError) -> ExecCredential {
    if let credential, !credential.isExpired(at: now()) { return credential }
    return try await renew()
  }

  /// The server refused `refused`: asks for another, unless somebody has done so meanwhile.
  func replace(_ refused: ExecCredential?) async throws(KubernetesError) -> ExecCredential {
    if let credential, credential != refused { return credential }
    return try await renew()
  }

  private func renew() async throws(KubernetesError) -> ExecCredential {
    // Not a child of the task that asks: others wait for the same answer, and its cancellation is not theirs.
    let task =
      running
      ?? Task { [run] in
        do throws(KubernetesError) { return .success(try await run()) } catch { return .failure(error) }
      }
    running = task
    let result = await task.value
    if running == task { running = nil }
    let fresh = try result.get()
    credential = fresh
    return fresh
  }
}

extension ExecCredentialSource {
  /// The longest that a plugin may take: it may have to ask a cloud, but nobody sits there to type.
  private static let timeLimit = Duration.seconds(60)

  init(_ plugin: ExecPlugin, for cluster: ClusterConfiguration, logger: Logger) {
    self.init { () throws(KubernetesError) in
      let inherited = ProcessInfo.processInfo.environment
      let environment = try plugin.environment(inherited, for: cluster)
      let output = try await withTimeLimit(Self.timeLimit) { () throws(KubernetesError) in
        try await ChildProcess.output(of: plugin, environment: environment)
      }
      let credential = try ExecCredential(output, of: plugin)
      logger.debug("a credential plugin answered", metadata: ["command": "\(plugin.command)"])
      return credential
    }
  }
}
