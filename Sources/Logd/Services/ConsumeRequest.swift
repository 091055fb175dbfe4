import CommitLog
import NIOCore

/// What a consumer asks for.
struct ConsumeRequest: Equatable {
  var offset: Offset
  /// 0: not limited by the request.
  var maximumRecords: UInt32 = 0
  /// 0: not limited by the request.
  var maximumBytes: UInt32 = 0
  var waitMilliseconds: UInt32 = 0
  var wantsBatches = false

  init(offset: Offset) {
    self.offset = offset
  }

  /// Whether nothing but the offset is set. The answer is then what proglog's is, to the byte.
  var isPlain: Bool { self == ConsumeRequest(offset: offset) }

  var shape: ConsumeShape {
    let limits = ConsumeLimits(records: maximumRecords, bytes: maximumBytes)
    if wantsBatches { return .batches(limits) }
    return maximumRecords == 0 && maximumBytes == 0 ? .record : .records(limits)
  }

  /// The longest wait at the end of the log: half of the minute after which common proxies give up a silent request.
  static let maximumWait = TimeAmount.seconds(30)

  /// Nil when the request does not wait.
  var wait: TimeAmount? {
    waitMilliseconds == 0 ? nil : min(.milliseconds(Int64(waitMilliseconds)), Self.maximumWait)
  }
}

/// What one answer consists of.
enum ConsumeShape: Equatable {
  /// One record.
  case record
  case records(ConsumeLimits)
  /// Batches as they are stored.
  case batches(ConsumeLimits)
}

/// How much there may be in one answer.
struct ConsumeLimits: Equatable {
  /// 1 MiB: a quarter of the largest message that gRPC's clients take unless told otherwise, so that an answer with one
  /// more batch of the default size in it still arrives. Larger answers are not faster.
  static let maximumBytes = 1 << 20
  /// So that an answer of the smallest records takes the event loop no more than about a millisecond.
  static let maximumRecords = 16_384

  var records: Int
  var bytes: Int

  /// 0 is no limit of the request's own; the server's count all the same.
  init(records: UInt32, bytes: UInt32) {
    self.records = records == 0 ? Self.maximumRecords : min(Int(records), Self.maximumRecords)
    self.bytes = bytes == 0 ? Self.maximumBytes : min(Int(bytes), Self.maximumBytes)
  }
}
