/// What one target did in one round, and what its processes took for it.
struct Turn {
  /// Records, calls or messages that were answered.
  var records: Double
  var seconds: Double
  /// Of all of the target's processes, in user and kernel mode.
  var processorSeconds: Double
  /// Of all of the target's processes, in whole pages.
  var writtenBytes: Double

  var rate: Double { records / seconds }
  var processorMicroseconds: Double { processorSeconds / records * 1e6 }

  /// Bytes that the disk gets for each byte of the records, on one replica of `replicas`.
  func bytesWritten(perByteOf recordBytes: Int, replicas: Int) -> Double {
    writtenBytes / (records * Double(recordBytes) * Double(replicas))
  }
}

extension [Turn] {
  var rates: [Double] { map(\.rate) }
  var processorMicroseconds: [Double] { map(\.processorMicroseconds) }
}
