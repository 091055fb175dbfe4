import ProgLogAPI

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What one request appends.
struct Appending: Sendable {
  private(set) var request = Log_V1_ProduceRequest()
  let records: Int

  /// One value goes as proglog's own field, which every server knows.
  init(_ values: [[UInt8]], by producer: ProducerIdentity, sequence: UInt64) {
    self.records = values.count
    if values.count == 1 {
      self.request.record.value = Data(values[0])
    } else {
      self.request.records = values.map { value in
        var record = Log_V1_Record()
        record.value = Data(value)
        return record
      }
    }
    self.request.producer = producer.message(sequence: sequence)
  }

  /// - Throws: ``ProgLogError/protocolViolation(_:)``.
  static func offsets(in response: Log_V1_ProduceResponse, records: Int) throws(ProgLogError) -> Range<UInt64> {
    guard records == 1 || response.count == UInt32(records) else {
      throw ProgLogError.protocolViolation("it appended \(response.count) of \(records) records of a batch")
    }
    let (end, overflows) = response.offset.addingReportingOverflow(UInt64(records))
    guard !overflows else { throw ProgLogError.protocolViolation("it answered offset \(response.offset)") }
    return response.offset..<end
  }
}
