import GRPCCore
import ProgLogAPI

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension ProgLogClient {
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
    return try await self.retrying { node, options in
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
      let wait = min(max(end - .now, .milliseconds(1)), self.configuration.timeout / 2)
      request.waitMilliseconds = UInt32(clamping: max(1, Int64(wait / .milliseconds(1))))
      let message = request
      let response = try await self.retrying(requested: offset) { node, options in
        try await node.log.consume(message, options: options)
      }
      if response.hasRecord { return Record(response.record) }
      guard .now < end else { return nil }
    }
  }
}
