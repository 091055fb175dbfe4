import CommitLog
import NIOCore
import Synchronization

/// An open file of a ``SimulatedDisk``.
final class SimulatedFile: File {
  let path: String
  private let disk: SimulatedDisk
  private let file: Int
  private let handle: Int

  init(disk: SimulatedDisk, path: String, file: Int, handle: Int) {
    self.disk = disk
    self.path = path
    self.file = file
    self.handle = handle
  }

  deinit {
    disk.state.withLock { $0.closeHandle(handle) }
  }

  func size() throws(LogError) -> UInt64 {
    try disk.state.withLock { (state) throws(LogError) in
      try state.checkRunning(path)
      return UInt64(state.image.files[file].bytes.count)
    }
  }

  func read(at position: UInt64, count: Int) throws(LogError) -> ByteBuffer {
    try disk.state.withLock { (state) throws(LogError) in
      try state.checkRunning(path)
      state.absorbMap(of: file)
      return ByteBuffer(bytes: state.image.files[file].bytes.dropFirst(Int(position)).prefix(count))
    }
  }

  func write(_ buffers: [ByteBuffer], at position: UInt64) throws(LogError) {
    var content: [UInt8] = []
    for buffer in buffers { content.append(contentsOf: buffer.readableBytesView) }
    try disk.perform(.write(path: path, file: file, content: content, position: Int(position)))
  }

  func allocate(from start: UInt64, to end: UInt64) throws(LogError) {
    try disk.perform(.allocate(path: path, file: file, end: Int(end)))
  }

  func truncate(to length: UInt64) throws(LogError) {
    try disk.perform(.truncate(path: path, file: file, length: Int(length)))
  }

  func sync() throws(LogError) {
    try disk.perform(.sync(path: path, file: file))
  }

  func lock() throws(LogError) -> Bool {
    try disk.state.withLock { (state) throws(LogError) in
      try state.checkRunning(path)
      let holder = state.locks[file] ?? handle
      state.locks[file] = holder
      return holder == handle
    }
  }

  func map(length: Int) throws(LogError) -> any MemoryMap {
    try disk.state.withLock { (state) throws(LogError) in
      try state.checkRunning(path)
      if let map = state.maps[file], map.bytes.count >= length { return map }
      let map = SharedPages(state.image.files[file].bytes.prefix(length))
      state.maps[file] = map
      return map
    }
  }
}
