import CoreMetrics
import KubernetesClient
import Logging
import ServiceLifecycle
import Synchronization

/// Watches ProgLogs and what belongs to them, and reconciles each when something about it changes.
final class Controller: Service {
  /// ProgLogs that are worked on at once. A pass mostly waits for the API server.
  static let workers = 4
  /// Every ProgLog is planned anew this often, against whatever was missed. A converged one causes no request by it.
  static let resyncInterval = Duration.seconds(600)

  private let informers: [Informer]
  private let queue: WorkQueue<ObjectKey>
  private let reconciler: Reconciler
  private let metrics: ControllerMetrics
  private let logger: Logger
  private let gate: @Sendable () async throws -> Void
  private let passes = Atomic<UInt64>(0)

  /// - Parameters:
  ///   - capabilities: what the API server can do, as far as is known now; what it can do when this is called is watched.
  ///   - gate: returns when the workers may begin: until then the caches are filled and nothing is done.
  ///   - source: where an informer of a type in a namespace (nil: all) gets its objects.
  init(
    api: any KubernetesAPI, namespaces: [String], defaults: OperatorDefaults, events: EventRecorder,
    members: any MemberClient, capabilities: @escaping @Sendable () -> Capabilities,
    metricsFactory: any MetricsFactory, logMetrics: LogMetrics = LogMetrics(), logger: Logger, clock: OperatorClock,
    gate: @escaping @Sendable () async throws -> Void = {},
    source: (ResourceType, _ namespace: String?, _ labelSelector: String?) -> any ListWatch
  ) {
    let queue = WorkQueue<ObjectKey>()
    let metrics = ControllerMetrics(controller: "proglog", workers: Self.workers, factory: metricsFactory)
    let expectations = Expectations()
    var informers: [Informer] = []
    for type in [ResourceType.progLog] + ResourceType.children(capabilities()) {
      for namespace in namespaces.isEmpty ? [nil] : namespaces.map(Optional.some) {
        let selector = type == .progLog ? nil : Names.childSelector
        informers.append(
          Informer(
            type, from: source(type, namespace, selector), indexers: ClusterView.indexers, logger: logger,
            metrics: metricsFactory
          ) {
            expectations.saw($0, of: type)
            for key in Self.subjects(of: $0, type) {
              queue.add(key)
              metrics.added(queue)
            }
          })
      }
    }
    let stores = Dictionary(grouping: informers, by: \.type).mapValues { $0.map(\.store) }
    self.informers = informers
    self.queue = queue
    self.metrics = metrics
    self.logger = logger
    self.gate = gate
    let observer = Observer(
      api: api, view: ClusterView(stores: stores, expectations: expectations), members: members,
      adminCertificates: AdminCertificates(), capabilities: capabilities, time: clock.seconds)
    reconciler = Reconciler(
      observer: observer, planner: Planner(defaults: defaults), events: events, metrics: logMetrics,
      now: clock.text)
  }

  /// The collections that have not been listed yet.
  var unsynced: [String] { informers.filter { !$0.isSynced }.map(\.type.plural) }

  /// Runs until the service group stops: then each worker finishes what it is at.
  func run() async throws {
    await withTaskGroup { group in
      for informer in informers { group.addTask { await informer.run() } }
      group.addTask { await self.resync() }
      await withGracefulShutdownHandler {
        await work()
      } onGracefulShutdown: {
        self.queue.shutDown()
      }
      group.cancelAll()
    }
  }

  /// The ProgLogs that a change may concern: by the labels that the object has and had.
  private static func subjects(of change: ObjectChange, _ type: ResourceType) -> Set<ObjectKey> {
    if type == .progLog { return [change.key] }
    return Set([change.old, change.new].compactMap { $0?.log })
  }

  private func work() async {
    let mayBegin = await cancelWhenGracefulShutdown {
      do {
        for informer in self.informers { try await informer.waitUntilSynced() }
        self.logger.info("the caches are filled")
        try await self.gate()
        return true
      } catch {
        return false
      }
    }
    guard mayBegin else { return }
    logger.info("reconciling")
    await queue.work(Self.workers) { await self.reconcile($0) }
  }

  private func reconcile(_ key: ObjectKey) async {
    metrics.started(queue)
    let start = ContinuousClock.now
    var logger = logger
    logger[metadataKey: "proglog"] = "\(key)"
    logger[metadataKey: "reconcile"] = "\(passes.wrappingAdd(1, ordering: .relaxed).newValue)"
    let result: ControllerMetrics.Result
    do throws(KubernetesError) {
      switch try await reconciler.reconcile(key, logger: logger) {
      case .done:
        queue.forget(key)
        result = .success
      case .again(after: .zero):
        queue.retry(key)
        result = .requeue
      case .again(let delay):
        queue.forget(key)
        queue.add(key, after: delay)
        result = .requeueAfter
      }
    } catch {
      let delay = retry(key, after: error)
      logger.warning("the pass failed and is repeated", metadata: ["error": "\(error)", "after": "\(delay)"])
      result = .error
    }
    queue.finish(key)
    metrics.finished(result, took: start.duration(to: .now))
  }

  /// Later with each failure, and not before the API server wants to hear from us again.
  private func retry(_ key: ObjectKey, after error: KubernetesError) -> Duration {
    guard let pause = error.retryAfter else { return queue.retry(key) }
    queue.add(key, after: pause)
    return pause
  }

  private func resync() async {
    guard let stores = reconciler.observer.view.stores[.progLog] else { return }
    while !Task.isCancelled {
      // Ends early on cancellation.
      try? await Task.sleep(for: Self.resyncInterval)
      for store in stores {
        for key in store.keys { queue.add(key) }
      }
    }
  }
}
