package import CoreMetrics
package import Logging

/// Keeps a local copy of a collection up to date: lists it, then watches it, for as long as `run` runs.
///
/// `onChange` is called for each change after the store has it, in order, and must return soon: it enqueues keys.
package final class Informer: Sendable {
  package let type: ResourceType
  package let store: ObjectStore
  private let source: any ListWatch
  private let onChange: @Sendable (ObjectChange) -> Void
  private let logger: Logger
  private let lists: [InformerStateMachine.ListReason: Counter]
  private let synced = Signal()

  package init(
    _ type: ResourceType, from source: any ListWatch, indexers: [ObjectIndexer] = [], logger: Logger,
    metrics: any MetricsFactory = MetricsSystem.factory, onChange: @escaping @Sendable (ObjectChange) -> Void
  ) {
    self.type = type
    self.source = source
    self.store = ObjectStore(indexers: indexers)
    self.onChange = onChange
    var logger = logger
    logger[metadataKey: "resource"] = "\(type.plural)"
    self.logger = logger
    lists = Dictionary(
      uniqueKeysWithValues: InformerStateMachine.ListReason.allCases.map { reason in
        let labels = [("resource", type.plural), ("reason", reason.rawValue)]
        return (reason, Counter(label: Self.listsMetric, dimensions: labels, factory: metrics))
      })
  }

  /// Whole lists that were read, by resource and by reason: `start`, `expired` (410) or `failure`.
  package static let listsMetric = "informer_lists_total"

  /// Whether the first list is in the store. Nothing may be concluded from an object's absence before.
  package var isSynced: Bool { synced.hasFired }

  /// Returns when the first list is in the store.
  package func waitUntilSynced() async throws(CancellationError) {
    await synced.wait()
    if !isSynced { throw CancellationError() }
  }

  /// Lists and watches until the task is cancelled.
  package func run() async { await run(source) }

  private func run(_ source: some ListWatch) async {
    var machine = InformerStateMachine()
    while !Task.isCancelled {
      switch machine.state {
      case .listing: await list(source, &machine)
      case .watching(let resourceVersion): await watch(source, from: resourceVersion, &machine)
      case .waiting(let delay, _):
        // Cancellation ends the sleep early; the loop sees it.
        try? await Task.sleep(for: delay)
        machine.waited()
      }
    }
  }

  private func list(_ source: some ListWatch, _ machine: inout InformerStateMachine) async {
    if machine.mayStream, await streamList(source, &machine) { return }
    do {
      listed(try await source.list(), &machine)
    } catch {
      machine.listFailed(error, jitter: jitter())
      report("cannot list", error, machine.state)
    }
  }

  private func listed(_ list: ObjectList, _ machine: inout InformerStateMachine) {
    let reason = machine.listReason
    perform(machine.listed(list))
    lists[reason]?.increment()
    logger.log(
      // The first list is no news; another one explains what the API server had to send.
      level: reason == .start ? .debug : .info, "listed",
      metadata: [
        "count": "\(list.items.count)", "version": "\(list.resourceVersion)", "reason": "\(reason.rawValue)",
      ])
    synced.fire()
  }

  /// Takes the list from a watch and goes on with that watch. Returns false when a plain list is to follow at once.
  private func streamList(_ source: some ListWatch, _ machine: inout InformerStateMachine) async -> Bool {
    let start = ContinuousClock.now
    do {
      guard let stream = try await source.streamedList() else { return false }
      var events = stream.makeAsyncIterator()
      listed(try await Self.list(from: &events), &machine)
      await follow(&events, since: start, &machine)
    } catch {
      machine.streamFailed(error, jitter: jitter())
      if machine.state == .listing {
        logger.debug("the API server does not stream lists", metadata: ["error": "\(error)"])
        return false
      }
      report("the streamed list broke", error, machine.state)
    }
    return true
  }

  /// The objects up to `listed`. One may come twice, when it changes meanwhile.
  private static func list<Events: AsyncIteratorProtocol>(
    from events: inout Events
  ) async throws(KubernetesError) -> ObjectList where Events.Element == WatchEvent, Events.Failure == KubernetesError {
    var objects: [ObjectKey: KubernetesObject] = [:]
    while let event = try await events.next(isolation: #isolation) {
      switch event {
      case .added(let object), .modified(let object): objects[object.key] = object
      case .deleted(let object): objects[object.key] = nil
      case .bookmark: break
      case .listed(let version): return ObjectList(items: Array(objects.values), resourceVersion: version)
      case .error(let status): throw .status(status)
      }
    }
    throw .transport("the server ended a streamed list before it was whole")
  }

  private func watch(
    _ source: some ListWatch, from resourceVersion: String, _ machine: inout InformerStateMachine
  ) async {
    let start = ContinuousClock.now
    do {
      var events = try await source.watch(from: resourceVersion).makeAsyncIterator()
      await follow(&events, since: start, &machine)
    } catch {
      machine.watchFailed(error, jitter: jitter())
      report("the watch was refused", error, machine.state)
    }
  }

  private func follow<Events: AsyncIteratorProtocol>(
    _ events: inout Events, since start: ContinuousClock.Instant, _ machine: inout InformerStateMachine
  ) async where Events.Element == WatchEvent, Events.Failure == KubernetesError {
    do {
      while let event = try await events.next(isolation: #isolation) {
        if let action = machine.received(event, jitter: jitter()) { perform(action) }
        guard case .watching = machine.state else {
          if case .error(let status) = event { report("the watch was refused", .status(status), machine.state) }
          return
        }
        if Task.isCancelled { return }
      }
      machine.watchEnded(lasted: start.duration(to: .now), jitter: jitter())
    } catch {
      machine.watchFailed(error, jitter: jitter())
      report("the watch broke", error, machine.state)
    }
  }

  private func perform(_ action: InformerStateMachine.Action) {
    let changes =
      switch action {
      case .replace(let objects): store.replace(with: objects)
      case .store(let object): store.store(object)
      case .remove(let object): store.remove(object.key)
      }
    for change in changes { onChange(change) }
  }

  private func report(_ what: String, _ error: KubernetesError, _ state: InformerStateMachine.State) {
    if Task.isCancelled { return }
    // Old resource versions are daily business; the rest is worth a look.
    let level: Logger.Level = error.isExpired ? .info : .warning
    logger.log(level: level, "\(what)", metadata: ["error": "\(error)", "next": "\(state)"])
  }

  private func jitter() -> Double { Double.random(in: 0...1) }
}
