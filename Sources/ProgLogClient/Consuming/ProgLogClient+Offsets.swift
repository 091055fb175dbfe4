import GRPCCore
import ProgLogAPI

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension ProgLogClient {
  /// The record at an offset.
  ///
  /// - Throws: ``ProgLogError/outOfRange(requested:range:)`` and the errors of every call.
  public func consume(at offset: UInt64) async throws -> Record {
    var request = Log_V1_ConsumeRequest()
    request.offset = offset
    let message = request
    return try await self.routed(.reader, requested: offset) { node, options in
      Record(try await node.log.consume(message, options: options).record)
    }
  }

  /// The offsets that the log has: from its oldest record to the one that will be written next.
  public func offsets() async throws -> Range<UInt64> {
    var request = Log_V1_FindOffsetRequest()
    request.latest = true
    let message = request
    return try await self.routed(.reader) { node, options in
      let found = try await node.log.findOffset(message, options: options)
      guard found.startOffset <= found.endOffset else {
        throw ProgLogError.protocolViolation("its log is from \(found.startOffset) to \(found.endOffset)")
      }
      return found.startOffset..<found.endOffset
    }
  }

  /// Where everything begins that was appended at `time` or later, by the servers' clocks: the offset of the first batch of
  /// that kind, and the log's end when nothing was appended since.
  ///
  /// - Throws: the errors of every call.
  public func offset(at time: Date) async throws -> UInt64 {
    var request = Log_V1_FindOffsetRequest()
    // Beyond what 64 bits hold lies neither a log's beginning nor its end.
    let microseconds = (time.timeIntervalSince1970 * 1_000_000).rounded()
    request.timeMicroseconds = Int64(exactly: microseconds) ?? (microseconds < 0 ? .min : .max)
    let message = request
    return try await self.routed(.reader) { node, options in
      try await node.log.findOffset(message, options: options).offset
    }
  }

  /// The record at an offset, for which it waits when it is the next to be written.
  ///
  /// - Parameter time: how long to wait in all.
  /// - Returns: `nil` when it did not come in that time.
  /// - Throws: ``ProgLogError/outOfRange(requested:range:)`` and the errors of every call.
  public func consume(at offset: UInt64, waitingUpTo time: Duration) async throws -> Record? {
    let end = ContinuousClock.now + time
    while true {
      var request = Log_V1_ConsumeRequest()
      request.offset = offset
      // The answer that nothing came is to be here before the call's own time is over.
      let wait = min(max(end - .now, .milliseconds(1)), self.configuration.attemptTimeout / 2)
      request.waitMilliseconds = UInt32(clamping: max(1, Int64(wait / .milliseconds(1))))
      let message = request
      let response = try await self.routed(.reader, requested: offset) { node, options in
        try await node.log.consume(message, options: options)
      }
      if response.hasRecord { return Record(response.record) }
      guard .now < end else { return nil }
    }
  }
}

extension Record {
  init(_ record: Log_V1_Record) {
    self.init(offset: record.offset, value: Array(record.value), term: record.term)
  }
}
