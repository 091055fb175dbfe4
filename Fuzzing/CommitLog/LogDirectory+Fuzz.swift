import FuzzSupport
import NIOCore

@testable import CommitLog

/// The files of a log, and edits of them.
struct Image {
  var files: [(name: String, bytes: [UInt8])]
  /// The values at the offsets from 0 on, and how many of them had been flushed and marked.
  var values: [String]
  var marked: Int

  /// A log of three segments, closed, and after that a batch as a crash leaves it: written and not marked.
  static func sample() throws -> Image {
    let directory = try Scratch.directory("sample")
    try Scratch.empty(directory)
    let log = try Log(directory: directory.path, configuration: configuration)
    var values: [String] = []
    for number in 0..<9 {
      let added = (0..<number % 4).map { "value \(number).\($0) " + String(repeating: "v", count: 10 * number) }
      try log.append([Samples.batch(added, after: log.acceptedEnd)])
      try log.flush()
      values += added
    }
    let marked = values.count
    try log.close()
    let incarnation = log.metadata.incarnation
    var image = Image(files: [], values: values, marked: marked)
    for name in try directory.names() where name != DirectoryLock.name {
      let file = try directory.open(name, .reading)
      var bytes = Array(buffer: try file.read(at: 0, count: Int(try file.size())))
      // Every run of the generator must give the same bytes.
      replace(&bytes, incarnation.high, by: Samples.incarnation.high)
      replace(&bytes, incarnation.low, by: Samples.incarnation.low)
      image.files.append((name, bytes))
    }
    for number in image.files.indices { image.restamp(number) }
    // What a crash leaves: a batch that was written, and perhaps never synced.
    guard let last = image.files.lastIndex(where: { $0.name.hasSuffix(Store.suffix) }) else { return image }
    image.files[last].bytes += Array(buffer: Samples.batch(["not marked"], after: log.acceptedEnd).buffer)
    image.values.append("not marked")
    return image
  }

  static let configuration = Log.Configuration(
    maximumStoreBytes: 1024, maximumIndexBytes: 400, preallocationBytes: 256, tailCacheBytes: 0)

  private static func replace(_ bytes: inout [UInt8], _ old: UInt64, by new: UInt64) {
    let old = (0..<8).map { UInt8(truncatingIfNeeded: old >> (8 * $0)) }
    for start in bytes.indices.dropLast(7) where Array(bytes[start..<start + 8]) == old {
      for byte in 0..<8 { bytes[start + byte] = UInt8(truncatingIfNeeded: new >> (8 * UInt64(byte))) }
    }
  }

  mutating func restamp(_ number: Int) {
    if files[number].name.hasSuffix(Store.suffix) {
      Restamp.store(&files[number].bytes, incarnation: Samples.incarnation)
    } else if files[number].name.hasSuffix(Index.suffix) {
      Restamp.index(&files[number].bytes)
    } else {
      Restamp.checksummed(&files[number].bytes)
    }
  }

  /// Carries out one edit of the input. Returns whether what was written may now pass for something else: checksums were
  /// put right, or valid pieces moved.
  mutating func edit(_ input: inout FuzzInput) -> Bool {
    let operation = input.byte()
    guard !files.isEmpty else { return false }
    let number = Int(input.byte()) % files.count
    let position = Int(input.integer(UInt16.self)) % (files[number].bytes.count + 1)
    switch operation % 8 {
    case 0, 1:  // Other bytes in their place.
      let new = input.take(operation % 8 == 0 ? 1 : Int(input.byte() % 32))
      files[number].bytes.replaceSubrange(position..<min(position + new.count, files[number].bytes.count), with: new)
    case 2:
      files[number].bytes.insert(contentsOf: input.take(Int(input.byte())), at: position)
    case 3:
      files[number].bytes.removeSubrange(
        position..<min(position + Int(input.integer(UInt16.self)), files[number].bytes.count))
    case 4:
      files[number].bytes.removeSubrange(position...)
    case 5:  // A piece of another file, or of the same.
      let other = files[Int(input.byte()) % files.count].bytes
      let start = Int(input.integer(UInt16.self)) % (other.count + 1)
      let piece = other[start..<min(start + Int(input.integer(UInt16.self)), other.count)]
      files[number].bytes.replaceSubrange(
        position..<min(position + piece.count, files[number].bytes.count), with: piece)
      return true
    case 6:
      restamp(number)
      return true
    default:  // Missing, or under the name of another.
      let other = Int(input.byte())
      if other < files.count { files[number].bytes = files[other].bytes } else { files.remove(at: number) }
      return true
    }
    return false
  }
}

extension FuzzTarget {
  /// Opens a log whose files are edits of a valid one, reads all of it, writes to it, and opens it again.
  static let logDirectory = FuzzTarget(
    "log-directory", maximumBytes: 256,
    seeds: {
      // Nothing; a byte of each file, as it is and with the checksum right again; a file cut off; a file gone.
      [[]]
        + (UInt8(0)..<8).flatMap { file in
          [[0, file, 100, 0, 7], [0, file, 90, 0, 7, 6, file, 0, 0], [4, file, 200, 0], [7, file, 0, 0, 255]]
        }
    },
    run: { input in
      var image = try pristine.get()
      var edits = FuzzInput(input)
      var isForged = false
      while !edits.isEmpty { isForged = image.edit(&edits) || isForged }
      let directory = try Scratch.directory("log")
      try Scratch.empty(directory)
      for file in image.files { try Scratch.write(file.bytes, to: directory.path(of: file.name)) }
      do {
        let log = try Log(directory: directory.path, configuration: Image.configuration)
        try check(log, against: isForged ? nil : image.values)
        if !isForged, try differsByOneByte(image) {
          let held = log.flushedEnd.nextOffset.rawValue
          try require(held >= UInt64(image.marked), "a flipped byte cut \(image.marked) synced records to \(held)")
        }
        if log.acceptedEnd.nextIndex.rawValue < 1 << 62, log.acceptedEnd.nextOffset.rawValue < 1 << 62 {
          try checkAppending(to: log)
        }
        try log.close()
        return true
      } catch LogError.damaged {
        // Refused for a reason that it tells: that is an answer too.
        return true
      }
    })

  private static let pristine = Result { try Image.sample() }

  /// Batches are dense, and what can be read is what was written. With checksums put right, a header or an index may claim
  /// anything of a sealed segment, of which only the end is read when the log is opened: then it is enough not to crash.
  private static func check(_ log: Log, against values: [String]?) throws {
    var end = log.start
    while end.nextIndex < log.flushedEnd.nextIndex {
      let batches: [RecordBatch]
      do { batches = try log.read(from: end.nextIndex, maximumBytes: 400) } catch LogError.damaged { return }
      try require(!batches.isEmpty, "a read of \(end.nextIndex) gave nothing")
      for batch in batches {
        try require(batch.index >= end.nextIndex, "batch \(batch.index) was read for \(end.nextIndex)")
        if values != nil { try require(end.isContinued(by: batch), "batch \(batch.index) does not continue \(end)") }
        end = end.after(batch)
        guard let records = try? batch.records else { continue }
        for record in records {
          let number = Int(clamping: record.offset.rawValue)
          if let values {
            try require(values.indices.contains(number), "offset \(number) was never written")
            try require(String(buffer: record.value) == values[number], "offset \(number) reads as \(record.value)")
          }
        }
        if values != nil, batch.count > 0 {
          let found = try log.read(from: batch.baseOffset, maximumBytes: 1).first
          try require(found == batch, "offset \(batch.baseOffset) is found in another batch")
        }
      }
    }
    if values != nil { try require(end == log.flushedEnd, "the log ends at \(end), not \(log.flushedEnd)") }
  }

  /// A byte that flipped in what was synced is never taken for an unfinished write.
  private static func differsByOneByte(_ image: Image) throws -> Bool {
    let pristine = try pristine.get()
    guard image.files.map(\.name) == pristine.files.map(\.name) else { return false }
    var changes = 0
    for (file, original) in zip(image.files, pristine.files) where file.bytes != original.bytes {
      guard file.bytes.count == original.bytes.count else { return false }
      changes += zip(file.bytes, original.bytes).count { $0 != $1 }
    }
    return changes == 1
  }

  private static func checkAppending(to log: Log) throws {
    let before = log.acceptedEnd
    let batch = Samples.batch(["appended"], after: before, term: max(before.lastTerm.rawValue, 1))
    try log.append([batch])
    try log.flush()
    try require(
      try log.read(from: before.nextIndex, maximumBytes: 1) == [batch], "an appended batch reads back changed")
    try log.truncate(from: before.nextIndex)
    try require(log.acceptedEnd == before, "truncating leaves \(log.acceptedEnd), not \(before)")
    try log.append([batch])
    try log.close()
    let reopened = try Log(directory: log.directory.path, configuration: Image.configuration)
    try require(reopened.flushedEnd == before.after(batch), "after reopening the log ends at \(reopened.flushedEnd)")
    try reopened.close()
  }
}
