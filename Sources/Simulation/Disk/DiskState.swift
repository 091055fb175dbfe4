import CommitLog
import Glibc
import TestSupport

/// What a ``SimulatedDisk`` guards with its lock.
struct DiskState: Sendable {
  var image: DiskImage
  var random: SeededGenerator
  /// Operations that changed something, or were to.
  var step = 0
  var faults: [Int: DiskFault] = [:]
  /// Those that came to pass.
  var faultsMet: [(fault: DiskFault, at: DiskOperation.Kind)] = []
  var isStopped = false
  /// nil: no limit.
  var capacityBytes: Int?
  /// Open files by handle.
  var handles: [Int: Int] = [:]
  private var nextHandle = 0
  /// Holders of advisory locks by file.
  var locks: [Int: Int] = [:]
  var maps: [Int: SharedPages] = [:]
  var recordsMoments = false
  var moments: [SimulatedDisk.Moment] = []

  init(image: DiskImage, random: SeededGenerator) {
    self.image = image
    self.random = random
  }

  mutating func openHandle(on file: Int) -> Int {
    nextHandle += 1
    handles[nextHandle] = file
    return nextHandle
  }

  mutating func closeHandle(_ handle: Int) {
    guard let file = handles.removeValue(forKey: handle) else { return }
    if locks[file] == handle { locks[file] = nil }
  }

  /// Takes over what was stored to maps, as the kernel does at any time.
  mutating func absorbMaps() {
    for file in maps.keys.sorted() { absorbMap(of: file) }
  }

  mutating func absorbMap(of file: Int) {
    guard let map = maps[file] else { return }
    let length = min(map.bytes.count, image.files[file].bytes.count)
    var start = 0
    while start < length {
      let end = min(start + FileImage.sectorBytes, length)
      let isEqual = image.files[file].bytes.withUnsafeBytes {
        memcmp($0.baseAddress! + start, map.bytes.baseAddress! + start, end - start) == 0
      }
      if !isEqual { image.files[file].write(Array(map.bytes[start..<end])[...], at: start) }
      start = end
    }
  }

  func checkRunning(_ path: String) throws(LogError) {
    // The machine is off: who still runs learns nothing, and whatever it does changes nothing.
    if isStopped { throw .io(operation: "use the stopped disk of", file: path, errno: EIO) }
  }

  /// Counts the operation as a step and carries it out, unless the plan wants it otherwise.
  mutating func perform(_ operation: DiskOperation) throws(LogError) {
    try checkRunning(operation.path)
    absorbMaps()
    step += 1
    if let fault = faults.removeValue(forKey: step) {
      faultsMet.append((fault, operation.kind))
      try meet(fault, at: operation)
    }
    try checkRoom(for: operation)
    if recordsMoments, let part = part(of: operation) {
      var middle = image
      middle.apply(part)
      moments.append(SimulatedDisk.Moment(step: step, place: .middle, operation: operation, image: middle))
    }
    apply(operation)
    if recordsMoments {
      moments.append(SimulatedDisk.Moment(step: step, place: .after, operation: operation, image: image))
    }
  }

  private mutating func apply(_ operation: DiskOperation) {
    image.apply(operation)
    guard let (file, range) = operation.changedBytes, let map = maps[file] else { return }
    // Reads and writes of a mapped file see the same pages.
    let content = image.files[file].bytes
    for position in range.clamped(to: 0..<map.bytes.count) {
      map.bytes[position] = position < content.count ? content[position] : 0
    }
  }

  private mutating func part(of operation: DiskOperation) -> DiskOperation? {
    let length =
      if case .allocate(_, let file, _) = operation { image.files[file].bytes.count } else { 0 }
    return operation.part(&random, length: length)
  }

  private mutating func meet(_ fault: DiskFault, at operation: DiskOperation) throws(LogError) {
    switch fault {
    case .stop(let place):
      if place == .middle, let part = part(of: operation) { apply(part) }
      if place == .after { apply(operation) }
      isStopped = true
      try checkRunning(operation.path)
    case .inputOutputError:
      switch operation.kind {
      case .sync, .syncDirectory: throw failSync(operation, errno: EIO)
      default:
        if Bool.random(using: &random), let part = part(of: operation) { apply(part) }
        throw .io(operation: operation.kind.rawValue, file: operation.path, errno: EIO)
      }
    case .noSpace:
      // As on a disk that finds out at the time of writing back.
      if operation.kind == .sync || operation.kind == .syncDirectory {
        throw failSync(operation, errno: ENOSPC)
      }
      throw refusal(of: operation)
    }
  }

  private mutating func failSync(_ operation: DiskOperation, errno: Int32) -> LogError {
    if case .sync(_, let file) = operation {
      var outcome = CrashOutcome(seed: random.next())
      image.files[file].failSync(&outcome)
    }
    return .syncFailed(file: operation.path, errno: errno)
  }

  private mutating func refusal(of operation: DiskOperation) -> LogError {
    // As pwritev and fallocate do: what had room stays.
    if Bool.random(using: &random), let part = part(of: operation) { apply(part) }
    return .noSpace(file: operation.path)
  }

  private mutating func checkRoom(for operation: DiskOperation) throws(LogError) {
    guard let capacityBytes, let (file, end) = operation.growth else { return }
    let used = image.usedBytes(open: Set(handles.values))
    let present = DiskImage.blocks(image.files[file].bytes.count)
    guard used - present + max(present, DiskImage.blocks(end)) <= capacityBytes else {
      faultsMet.append((.noSpace, operation.kind))
      let room = present + max(0, capacityBytes - used)
      if case .write(let path, _, let content, let position) = operation, position < room {
        let fitting = Array(content.prefix(room - position))
        apply(.write(path: path, file: file, content: fitting, position: position))
      }
      throw .noSpace(file: operation.path)
    }
  }
}

extension DiskOperation {
  /// The file that it may make longer, and how long.
  fileprivate var growth: (file: Int, end: Int)? {
    switch self {
    case .write(_, let file, let content, let position): (file, position + content.count)
    case .allocate(_, let file, let end): (file, end)
    default: nil
    }
  }

  /// Bytes of an open file that may be others afterwards.
  fileprivate var changedBytes: (file: Int, range: Range<Int>)? {
    switch self {
    case .write(_, let file, let content, let position): (file, position..<position + content.count)
    case .truncate(_, let file, let length): (file, length..<Int.max)
    default: nil
    }
  }
}
