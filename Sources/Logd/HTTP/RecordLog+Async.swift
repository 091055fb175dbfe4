import CommitLog
import NIOCore
import ServiceLifecycle

/// What one request of the HTTP API reads.
struct ConsumedRecords {
  var records: [CommitLog.Record]
  /// The offset to ask for next.
  var next: Offset
  /// The log's end as of this answer.
  var end: Offset
}

extension RecordLog {
  /// Reads for async code what a Consume call would be answered; `max_bytes` counts the bytes of the values.
  func consume(_ request: ConsumeRequest) async throws -> ConsumedRecords {
    if request.offset >= extent.end, request.wait == nil || request.offset > extent.end { try await confirmEnd() }
    let extent = extent
    if !extent.contains(request.offset) {
      guard request.offset == extent.end, let wait = request.wait else {
        throw LogError.outOfRange(requested: request.offset, start: extent.start, end: extent.end)
      }
      guard try await becomesReadable(request.offset, within: wait) else {
        return ConsumedRecords(records: [], next: request.offset, end: self.extent.end)
      }
    }
    let limits =
      switch request.shape {
      case .record: ConsumeLimits(records: 1, bytes: 1)
      case .records(let limits), .batches(let limits): limits
      }
    let batches = try await read(from: request.offset, maximumBytes: limits.bytes).get()
    return try take(batches, from: request.offset, limits: limits)
  }

  /// `confirmEnd` for async code.
  func confirmEnd() async throws {
    try await eventLoop.flatSubmit {
      let promise = self.eventLoop.makePromise(of: Void.self)
      self.confirmEnd { promise.completeWith($0.mapError { $0 }) }
      return promise.futureResult
    }.get()
  }

  /// The caller's thread may take its time to decompress; an event loop's may not.
  private func take(_ batches: [RecordBatch], from offset: Offset, limits: ConsumeLimits) throws -> ConsumedRecords {
    var taken = ConsumedRecords(records: [], next: offset, end: extent.end)
    var bytes = 0
    for batch in batches {
      var records = try batch.records.makeIterator(from: taken.next)
      while let record = records.next() {
        bytes += record.value.readableBytes
        guard taken.records.isEmpty || (taken.records.count < limits.records && bytes <= limits.bytes) else {
          return taken
        }
        taken.records.append(record)
        taken.next = record.offset.advanced(by: 1)
      }
    }
    return taken
  }

  /// Whether the record comes in that time; not when the server is told to stop before.
  private func becomesReadable(_ offset: Offset, within time: TimeAmount) async throws -> Bool {
    let promise = eventLoop.makePromise(of: Bool.self)
    let wait = try await eventLoop.submit {
      let timer = self.eventLoop.scheduleTask(in: time) { promise.succeed(false) }
      let waiter = self.whenReadable(offset) {
        timer.cancel()
        promise.succeed(true)
      }
      return (timer, waiter)
    }.get()
    let isReadable = try await withTaskCancellationOrGracefulShutdownHandler {
      try await promise.futureResult.get()
    } onCancelOrGracefulShutdown: {
      promise.succeed(false)
    }
    wait.0.cancel()
    eventLoop.execute { self.cancel(wait.1) }
    return isReadable
  }
}
