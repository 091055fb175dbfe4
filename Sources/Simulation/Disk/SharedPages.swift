import CommitLog

/// The memory that all maps of one file share. The disk looks at each step at what was stored there.
final class SharedPages: MemoryMap {
  // The address is fixed for the object's life; who shares the map decides who stores to it when.
  nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer

  init(_ content: ArraySlice<UInt8>) {
    bytes = .allocate(byteCount: content.count, alignment: MemoryLayout<UInt64>.alignment)
    bytes.copyBytes(from: content)
  }

  deinit {
    bytes.deallocate()
  }
}
