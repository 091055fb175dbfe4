import CommitLog
import Logging
import NIOCore
import NIOPosix
import Raft
import TestSupport
import Testing

@testable import Logd

/// A replica with a real log.
@Suite struct ReplicaTests {
  private func withReplica(
    _ configuration: Replica.Configuration = .init(maximumRecordBytes: 1_000),
    log logConfiguration: Log.Configuration = .init(), _ body: (Replica) async throws -> Void
  ) async throws {
    let directory = try TemporaryDirectory()
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let readers = NIOThreadPool(numberOfThreads: 1)
    readers.start()
    let log = try Log(directory: directory.file("data"), configuration: logConfiguration)
    let loop = loops.next()
    let replica = try await loop.submit {
      try Replica.start(
        name: NodeID("a"), log: log, configuration: configuration, eventLoop: loop, readers: readers,
        metrics: ReplicaMetrics(), health: ClusterHealth(), logger: Logger(label: "test"))
    }.get()
    try await loop.flatSubmit {
      let begun = loop.makePromise(of: Void.self)
      replica.bootstrap(clusterID: "test") { begun.completeWith($0.mapError { $0 }) }
      return begun.futureResult
    }.get()
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(replica))
    } catch {
      result = .failure(error)
    }
    try await replica.shutDown()
    try await readers.shutdownGracefully()
    try await loops.shutdownGracefully()
    try result.get()
  }

  /// Hands everything over in one turn of the loop.
  private func append(_ contents: [ProduceContents], to replica: Replica) async throws -> [Result<UInt64, ProduceError>]
  {
    try await replica.eventLoop.flatSubmit {
      let places = contents.map { contents in
        let promise = replica.eventLoop.makePromise(of: Result<UInt64, ProduceError>.self)
        replica.append(contents) { result in promise.succeed(result.map(\.place.offset.rawValue)) }
        return promise.futureResult
      }
      return EventLoopFuture.whenAllSucceed(places, on: replica.eventLoop)
    }.get()
  }

  private func value(_ bytes: Int) -> ByteBuffer { ByteBuffer(repeating: 7, count: bytes) }

  @Test("what a producer sends as a batch is a batch of its own, in order with records before and after it")
  func ownBatches() async throws {
    let encoded = ProducerBatchTests.batch([5, 5, 5], producer: Producer(id: 7, epoch: 1, sequence: 0))
    let compressed = try ProducerBatchTests.batch([5, 5, 5], producer: Producer(id: 7, epoch: 1, sequence: 3))
      .compressed(with: .gzip)
    try await withReplica { replica in
      let offsets = try await append(
        [
          .record(value(1)), .record(value(1)), .records([value(2), value(2)]), .record(value(1)),
          .batch(encoded.buffer),
        ],
        to: replica)
      #expect(try offsets.map { try $0.get() } == [0, 1, 2, 4, 5])
      #expect(try await append([.batch(compressed.buffer)], to: replica).map { try $0.get() } == [8])
      let batches = try await replica.read(from: Offset(0), maximumBytes: .max).get()
      #expect(batches.map(\.count) == [2, 2, 1, 3, 3])
      #expect(batches[3].payload == encoded.payload)
      #expect(batches[3].producer == encoded.producer)
      #expect(batches[4].payload == compressed.payload)
      #expect(batches[4].codec == .gzip)
      let cached = try await replica.eventLoop.submit { replica.readCached(from: Offset(3), maximumBytes: .max) }.get()
      #expect(cached == Array(batches[1...]))
    }
  }

  @Test("what waits for the disk is bounded in bytes, batches too")
  func bounded() async throws {
    var limits = Replica.Configuration(maximumRecordBytes: 1_000)
    limits.raft.maximumUncommittedBytes = 2_500
    try await withReplica(limits) { replica in
      let batch = ProduceContents.records([value(500), value(500)])
      let outcomes = try await append([batch, batch, batch, .record(value(900)), .record(value(10))], to: replica)
      #expect(try outcomes[0].get() == 0)
      #expect(try outcomes[1].get() == 2)
      for refused in outcomes[2...3] {
        guard case .failure(.overloaded) = refused else {
          Issue.record("\(refused)")
          continue
        }
      }
      #expect(try outcomes[4].get() == 4)
      // Once it is on the disk there is room again.
      #expect(try await append([batch], to: replica)[0].get() == 5)
    }
  }

  @Test("a batch may be as large as the largest record needs, and no larger than a segment")
  func batchLimits() async throws {
    let limits = Replica.Configuration(maximumRecordBytes: 5_000, maximumProducerBatchBytes: 10)
    try await withReplica(limits) { replica in
      #expect(try await append([.records([value(5_000)])], to: replica)[0].get() == 0)
      guard case .failure(.batchTooLarge) = try await append([.records([value(5_000), value(90)])], to: replica)[0]
      else {
        Issue.record("it was taken")
        return
      }
    }
    try await withReplica(log: .init(maximumStoreBytes: 8_192)) { replica in
      let limit = replica.batchLimits.maximumBatchBytes
      #expect(limit < 8_192)
      let values = Array(repeating: value(998), count: 7)
      #expect(try await append([.records(values)], to: replica)[0].get() == 0)
      guard
        case .failure(.batchTooLarge) = try await append([.records(values + [value(998), value(20)])], to: replica)[0]
      else {
        Issue.record("it was taken")
        return
      }
    }
  }

  @Test("without a tail cache every read goes to the files")
  func noTailCache() async throws {
    try await withReplica(log: .init(tailCacheBytes: 0)) { replica in
      _ = try await append([.record(value(1))], to: replica)
      let cached = try await replica.eventLoop.submit { replica.readCached(from: Offset(0), maximumBytes: 1) }.get()
      #expect(cached == nil)
      #expect(try await replica.read(from: Offset(0), maximumBytes: 1).get().count == 1)
    }
  }
}
