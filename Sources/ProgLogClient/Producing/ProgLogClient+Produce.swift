import ProgLogAPI

extension ProgLogClient {
  /// Appends one record and returns its offset once the record is durable.
  ///
  /// For many records a ``Producer`` is many times as fast.
  ///
  /// - Throws: ``ProgLogError/outcomeUnknown(records:cause:)`` when no answer came in time, and the errors of every call.
  public func produce(_ value: [UInt8]) async throws -> UInt64 {
    try await self.append([value]).lowerBound
  }

  /// Appends records as one batch, all of them or none, and returns their offsets once they are durable. The offsets are
  /// consecutive: no other record comes in between.
  ///
  /// - Parameter records: at least one; logd takes 1 MiB in a batch unless it is told otherwise.
  /// - Throws: ``ProgLogError/outcomeUnknown(records:cause:)`` when no answer came in time, and the errors of every call.
  public func produce(records: [[UInt8]]) async throws -> Range<UInt64> {
    precondition(!records.isEmpty, "a batch has at least one record")
    return try await self.append(records)
  }

  private func append(_ values: [[UInt8]]) async throws -> Range<UInt64> {
    var lane = try await self.lanes.take()
    var kept: ProducerLanes.Lane?
    defer { self.lanes.giveBack(kept) }
    do {
      let offsets: Range<UInt64>
      do {
        offsets = try await self.append(values, in: lane)
      } catch ProgLogError.server(let error) where error.reason == LogReason.sequenceGap.rawValue {
        // Refused, so it is not there: the servers have forgotten a producer that was silent for long.
        lane = ProducerLanes.Lane()
        offsets = try await self.append(values, in: lane)
      }
      lane.sequence += UInt64(values.count)
      kept = lane
      return offsets
    } catch let error as ProgLogError {
      // What was refused is not in the log, and its number is free.
      if case .server = error { kept = lane }
      throw error
    }
  }

  private func append(_ values: [[UInt8]], in lane: ProducerLanes.Lane) async throws -> Range<UInt64> {
    let appending = Appending(values, by: lane.identity, sequence: lane.sequence)
    return try await self.routed(.leader, appends: values.count) { node, options in
      let response = try await node.log.produce(appending.request, options: options)
      return try Appending.offsets(in: response, records: values.count)
    }
  }
}
