import Synchronization
import Testing

@testable import KubernetesClient

@Suite("Work queue, its rules")
struct WorkQueueStateMachineTests {
  private let start = ContinuousClock.now

  private func machine() -> WorkQueueStateMachine<String> {
    WorkQueueStateMachine(backOff: ExponentialBackOff(base: .milliseconds(5), limit: .seconds(60)))
  }

  @Test("keys come out in order, each once however often it was added")
  func deduplicates() {
    var queue = machine()
    for key in ["a", "b", "a", "c", "b"] { queue.add(key) }
    #expect((0..<4).map { _ in queue.next(now: start) } == ["a", "b", "c", nil])
  }

  @Test("a key that is added while it is worked on comes out again, but only after that")
  func oneWorkerAKey() {
    var queue = machine()
    queue.add("a")
    #expect(queue.next(now: start) == "a")
    queue.add("a")
    queue.add("a")
    #expect(queue.next(now: start) == nil)
    queue.finish("a")
    #expect(queue.next(now: start) == "a")
    queue.finish("a")
    #expect(queue.next(now: start) == nil)
  }

  @Test("delayed keys come out when they are due, the earliest of several times counts")
  func delays() {
    var queue = machine()
    queue.add("late", at: start + .seconds(9))
    queue.add("early", at: start + .seconds(3))
    queue.add("late", at: start + .seconds(5))
    queue.add("early", at: start + .seconds(8))
    #expect(queue.nextDue == start + .seconds(3))
    #expect(queue.next(now: start + .seconds(2)) == nil)
    #expect(queue.next(now: start + .seconds(3)) == "early")
    #expect(queue.next(now: start + .seconds(4)) == nil)
    #expect(queue.next(now: start + .seconds(5)) == "late")
    #expect(queue.nextDue == nil)
  }

  @Test("failures double the delay from 5 ms to 60 s; forget starts over; keys do not share it")
  func backOff() {
    var queue = machine()
    let delays = (0..<16).map { _ in queue.retry("a", now: start) }
    #expect(delays.prefix(4) == [.milliseconds(5), .milliseconds(10), .milliseconds(20), .milliseconds(40)])
    #expect(delays[13] == .milliseconds(40_960))
    #expect(delays[14...] == [.seconds(60), .seconds(60)])
    #expect(queue.failures(of: "a") == 16)
    #expect(queue.retry("b", now: start) == .milliseconds(5))
    queue.forget("a")
    #expect(queue.retry("a", now: start) == .milliseconds(5))
  }
}

@Suite("Work queue, its workers", .timeLimit(.minutes(1)))
struct WorkQueueTests {
  @Test("many workers share many keys, none at the same time, and none is lost")
  func workers() async throws {
    let queue = WorkQueue<Int>()
    let inWork = Shared<Set<Int>>([])
    let done = Shared<[Int: Int]>([:])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          while let key = await queue.next() {
            #expect(inWork.update { $0.insert(key).inserted })
            await Task.yield()
            _ = inWork.update { $0.remove(key) }
            done.update { $0[key, default: 0] += 1 }
            queue.finish(key)
          }
        }
      }
      for round in 0..<200 {
        queue.add(round % 10)
        queue.add(round % 7, after: .microseconds(round * 10))
      }
      queue.add(99, after: .milliseconds(20))
      try await eventually("the delayed key is worked on") { done.value[99] != nil }
      #expect(Set(0..<10).isSubset(of: Set(done.value.keys)))
      queue.shutDown()
      try await group.waitForAll()
    }
  }

  @Test("work that waits for nothing leaves room for what must run in time, as the renewal of a Lease")
  func fairness() async {
    let queue = WorkQueue<Int>()
    let count = 500
    for key in 0..<count { queue.add(key) }
    let done = Count()
    await withTaskGroup { group in
      group.addTask {
        await queue.work(4) { key in
          queue.finish(key)
          if done.increment() == count { queue.shutDown() }
        }
      }
      var turns = 0
      var passed = 0
      while passed < count {
        if passed > 0 { turns += 1 }
        await Task.yield()
        passed = done.value
      }
      #expect(turns >= 10, "whoever else was to run had \(turns) turns meanwhile")
    }
  }

  @Test("a delayed key is handed out though the worker that watched the clock is busy")
  func timerMovesOn() async throws {
    let queue = WorkQueue<String>()
    queue.add("delayed", after: .milliseconds(50))
    try await withThrowingTaskGroup(of: String?.self) { group in
      for _ in 0..<2 { group.addTask { await queue.next() } }
      // One of the two gets this key and never finishes it.
      queue.add("long")
      var seen: Set<String?> = []
      for try await key in group { seen.insert(key) }
      #expect(seen == ["long", "delayed"])
    }
  }

  @Test("shutdown and cancellation end the wait")
  func ends() async {
    let queue = WorkQueue<String>()
    let cancelled = Task { await queue.next() }
    cancelled.cancel()
    #expect(await cancelled.value == nil)
    async let waiting = queue.next()
    queue.shutDown()
    #expect(await waiting == nil)
    queue.add("late")
    #expect(await queue.next() == nil)
  }
}

private final class Count: Sendable {
  private let count = Atomic<Int>(0)

  var value: Int { count.load(ordering: .relaxed) }

  func increment() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }
}

@Suite("Token bucket")
struct TokenBucketTests {
  @Test("a burst goes through at once, the rest at the rate, and the bucket fills up again")
  func rate() {
    let start = ContinuousClock.now
    var bucket = TokenBucket(rate: 10, burst: 3)
    let delays = (0..<5).map { _ in bucket.reserve(now: start) }
    #expect(delays == [.zero, .zero, .zero, .milliseconds(100), .milliseconds(200)])
    #expect(bucket.reserve(now: start + .milliseconds(300)) == .zero)
    let later = start + .seconds(60)
    #expect((0..<4).map { _ in bucket.reserve(now: later) } == [.zero, .zero, .zero, .milliseconds(100)])
  }
}
