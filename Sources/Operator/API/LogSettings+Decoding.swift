extension ProgLogSpec.LogSettings {
  /// logd's default of `max-store-bytes`.
  private static let defaultStoreBytes: Int64 = 64 << 20
  /// Room that logd wants beside the largest record of a store.
  private static let recordOverheadBytes: Int64 = 1024

  init(_ reader: SpecReader) throws(InvalidSpec) {
    // At least twice the default record, at most what a position of 32 bits in the index can name.
    maxStoreBytes = try reader.integer("maxStoreBytes", in: (2 << 20)...(4 << 30) - 1)
    maxIndexBytes = try reader.integer("maxIndexBytes", in: 4096...(1 << 30))
    maxRecordBytes = try reader.integer("maxRecordBytes", in: 1...(64 << 20))
    maxBatchBytes = try reader.integer("maxBatchBytes", in: 1...(64 << 20))
    // 1 PiB is there to catch a wrong unit.
    retentionBytes = try reader.integer("retentionBytes", in: 0...(1 << 50))
    retentionAge = try reader.string(
      "retentionAge", longest: 16, allowed: "a number up to 1000000 with ms, s, m, h or d, such as 168h",
      where: Syntax.isLogdDuration)
    let storeBytes = maxStoreBytes ?? Self.defaultStoreBytes
    if let record = maxRecordBytes, record + Self.recordOverheadBytes > storeBytes {
      throw reader.invalid(
        "maxRecordBytes",
        "must be at least \(Self.recordOverheadBytes) below maxStoreBytes, which is \(storeBytes), but is \(record)")
    }
  }
}
