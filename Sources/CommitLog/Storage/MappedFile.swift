import Glibc

/// A shared mapping of a file.
final class MappedFile: MemoryMap {
  // The address is fixed for the object's life; who shares the map decides who stores to it when.
  nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer

  init(descriptor: Int32, path: String, length: Int) throws(LogError) {
    guard let base = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
      throw .failed("map", path, errno: errno)
    }
    bytes = UnsafeMutableRawBufferPointer(start: base, count: length)
  }

  deinit {
    munmap(bytes.baseAddress, bytes.count)
  }
}

/// Memory of its own, for an index on a disk that has no room for it.
final class AnonymousMemory: MemoryMap {
  // As for MappedFile.
  nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer

  init(length: Int) {
    bytes = .allocate(byteCount: length, alignment: MemoryLayout<UInt64>.alignment)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit {
    bytes.deallocate()
  }
}
