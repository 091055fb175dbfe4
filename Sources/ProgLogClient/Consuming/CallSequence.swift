/// What a streaming call yields. Each iteration is a call of its own, which starts with the first `next()` and is
/// cancelled when its iterator goes away.
struct CallSequence<Element: Sendable>: AsyncSequence, Sendable {
  /// Bytes that the call may run ahead of its reader.
  let limit: Int
  /// The call; it ends the sequence by returning or throwing.
  let call: @Sendable (BoundedChannel<Element>) async throws -> Void

  func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(sequence: self)
  }

  struct AsyncIterator: AsyncIteratorProtocol {
    let sequence: CallSequence
    private var running: RunningCall?
    private var batch: ArraySlice<Element> = []
    private var hasEnded = false

    init(sequence: CallSequence) {
      self.sequence = sequence
    }

    mutating func next(isolation actor: isolated (any Actor)?) async throws -> Element? {
      if let element = self.batch.popFirst() { return element }
      self.batch = try await self.nextBatch()?[...] ?? []
      return self.batch.popFirst()
    }

    /// What has come since, at least one.
    mutating func nextBatch() async throws -> [Element]? {
      if self.hasEnded { return nil }
      let running = self.running ?? RunningCall(self.sequence)
      self.running = running
      do {
        if let batch = try await running.channel.receive() { return batch }
      } catch {
        self.end()
        throw error
      }
      self.end()
      return nil
    }

    mutating func next() async throws -> Element? {
      try await self.next(isolation: nil)
    }

    private mutating func end() {
      self.hasEnded = true
      self.running = nil
    }
  }

  private final class RunningCall: Sendable {
    let channel: BoundedChannel<Element>
    private let task: Task<Void, Never>

    init(_ sequence: CallSequence) {
      let channel = BoundedChannel<Element>(limit: sequence.limit)
      self.channel = channel
      // Unstructured, because gRPC ties a call to a closure while an iterator must return between elements. This object
      // belongs to the iterator alone and ends the task with it.
      self.task = Task {
        do {
          try await sequence.call(channel)
          channel.finish(.success(()))
        } catch {
          channel.finish(.failure(error))
        }
      }
    }

    deinit {
      self.task.cancel()
    }
  }
}
