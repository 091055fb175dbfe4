import CoreMetrics
import KubernetesClient
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import Operator

@Suite struct ControllerTests {
  @Test("informers, queue and workers bring a log up, repair it and end when told to", .timeLimit(.minutes(1)))
  func wholeController() async throws {
    let cluster = InMemoryCluster()
    let servers = InMemoryServers(cluster)
    let controller = Controller(
      api: cluster, namespaces: ["default"], defaults: OperatorUnderTest.defaults,
      events: EventRecorder(client: cluster, component: "test", instance: "test", logger: .silent),
      members: servers, capabilities: { Capabilities() }, metricsFactory: NOOPMetricsHandler.instance, logger: .silent,
      clock: OperatorClock { OperatorUnderTest.time },
      source: { type, _, selector in InMemoryListWatch(cluster: cluster, type: type, labelSelector: selector) })
    #expect(controller.unsynced.count == OperatorUnderTest.types.count)
    let group = ServiceGroup(configuration: .init(services: [controller], logger: .silent))
    try await withThrowingTaskGroup { tasks in
      tasks.addTask { try await group.run() }
      cluster.apply(spec: [:])
      try await eventually {
        cluster.condition("Ready").status == "True"
      } meanwhile: {
        cluster.runControllers()
        servers.advance()
      }
      #expect(controller.unsynced == [])
      cluster.remove(.service, "log-0")
      try await eventually {
        cluster.condition("Ready").status == "True" && cluster[.service, "log-0"] != nil
      } meanwhile: {
        cluster.runControllers()
        servers.advance()
      }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  private func eventually(_ condition: () -> Bool, meanwhile act: () -> Void) async throws {
    while !condition() {
      act()
      try await Task.sleep(for: .milliseconds(2))
    }
  }
}

/// Feeds an informer from memory.
struct InMemoryListWatch: ListWatch {
  let cluster: InMemoryCluster
  let type: ResourceType
  let labelSelector: String?

  func list() async throws(KubernetesError) -> ObjectList {
    try await cluster.list(type, namespace: nil, labelSelector: labelSelector)
  }

  /// What changed between the list and now comes first, as far as it still exists.
  func watch(from resourceVersion: String) async throws(KubernetesError) -> Events {
    let (stream, continuation) = AsyncStream.makeStream(of: WatchEvent.self)
    cluster.state.withLock { state in
      for object in state.all(type, labelSelector)
      where (Int64(object.resourceVersion) ?? 0) > (Int64(resourceVersion) ?? 0) {
        continuation.yield(.modified(object))
      }
      state.watchers.append((type, labelSelector, continuation))
    }
    return Events(stream: stream)
  }

  struct Events: AsyncSequence {
    let stream: AsyncStream<WatchEvent>

    func makeAsyncIterator() -> Iterator { Iterator(iterator: stream.makeAsyncIterator()) }

    struct Iterator: AsyncIteratorProtocol {
      var iterator: AsyncStream<WatchEvent>.Iterator

      mutating func next() async throws(KubernetesError) -> WatchEvent? {
        await iterator.next(isolation: #isolation)
      }

      mutating func next(isolation actor: isolated (any Actor)?) async throws(KubernetesError) -> WatchEvent? {
        await iterator.next(isolation: actor)
      }
    }
  }
}
