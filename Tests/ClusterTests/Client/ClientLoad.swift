import ProgLogClient
import Synchronization
import TestSupport

/// Producers and consumers of the client library at work on a cluster. Each value says whose it is and which; the last one of
/// all ends the consumers.
final class ClientLoad: Sendable {
  private struct State {
    var isStopping = false
    /// What was acknowledged, by offset.
    var acknowledged: [UInt64: String] = [:]
    /// Every offset that was acknowledged twice, and what else must not be.
    var violations: [String] = []
  }

  private static let last = "the last one"
  /// Of one producer: enough for several batches on their way, and few enough for a debug build.
  private static let outstanding = 40

  private let client: ProgLogClient
  private let state = Mutex(State())

  init(_ client: ProgLogClient) {
    self.client = client
  }

  var acknowledgedCount: Int { state.withLock { $0.acknowledged.count } }

  /// Waits until so many more records are acknowledged than there are now.
  func acknowledges(more count: Int) async throws {
    let wanted = acknowledgedCount + count
    try await eventually("\(wanted) records are acknowledged") { acknowledgedCount >= wanted ? () : nil }
  }

  /// Runs producers and consumers while `body` does something to the cluster, then compares what they have seen.
  func run(producers: Int, consumers: Int, _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: [Record]?.self) { group in
      for number in 0..<consumers {
        group.addTask { try await self.consume(number) }
      }
      try await withThrowingTaskGroup(of: Void.self) { producing in
        for number in 0..<producers {
          producing.addTask { try await self.produce(number) }
        }
        do {
          try await body()
        } catch {
          producing.cancelAll()
          group.cancelAll()
          throw error
        }
        state.withLock { $0.isStopping = true }
        try await producing.waitForAll()
      }
      let end = try await client.produce(Array(Self.last.utf8))
      state.withLock { $0.acknowledged[end] = Self.last }
      for try await records in group { if let records { check(records, end: end) } }
    }
    let violations = state.withLock { $0.violations }
    guard violations.isEmpty else {
      throw NeverHappened(description: "\(violations.count) promises were broken: \(violations.prefix(5))")
    }
  }

  // MARK: At work

  private func produce(_ number: Int) async throws {
    var configuration = ProducerConfiguration()
    configuration.batchRecords = 10
    let producer = client.makeProducer(configuration)
    var waiting: [(value: String, acknowledgement: Acknowledgement)] = []
    var count = 0
    while !state.withLock({ $0.isStopping }) {
      let value = "\(number)-\(count)"
      waiting.append((value, try await producer.send(Array(value.utf8))))
      count += 1
      if waiting.count >= Self.outstanding { try await settle(waiting.removeFirst()) }
    }
    for item in waiting { try await settle(item) }
    try await producer.close()
  }

  private func settle(_ item: (value: String, acknowledgement: Acknowledgement)) async throws {
    let offset = try await item.acknowledgement.offset
    state.withLock { state in
      if let other = state.acknowledged.updateValue(item.value, forKey: offset) {
        state.violations.append("offset \(offset) was given to \(other) and to \(item.value)")
      }
    }
  }

  private func consume(_ number: Int) async throws -> [Record] {
    var records: [Record] = []
    for try await record in client.consume(from: .earliest, follow: true) {
      records.append(record)
      if record.value == Array(Self.last.utf8) { break }
    }
    return records
  }

  // MARK: What they have seen

  private func check(_ records: [Record], end: UInt64) {
    state.withLock { state in
      if records.map(\.offset) != Array(0...end) {
        state.violations.append("a consumer saw \(records.count) records of \(end + 1), or in another order")
      }
      var next: [Substring: Int] = [:]
      for record in records {
        let value = String(decoding: record.value, as: UTF8.self)
        if state.acknowledged[record.offset] != value {
          state.violations.append(
            "at \(record.offset) is \(value), not \(state.acknowledged[record.offset] ?? "nothing")")
        }
        guard value != Self.last else { continue }
        let parts = value.split(separator: "-")
        let expected = next[parts[0], default: 0]
        if Int(parts[1]) != expected { state.violations.append("\(value) came where \(expected) was due") }
        next[parts[0]] = expected + 1
      }
    }
  }
}
