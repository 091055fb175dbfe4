package import NIOCore

/// What a log asks of a file system. Each operation that changes something is one call, so that a test can stop the world
/// between any two, lose what was not synced, or fail a call.
///
/// What the log relies on, and nothing more: bytes are durable once ``File/sync()`` of their file returned; a name that was
/// made, renamed or removed is once ``syncDirectory(_:)`` of its directory returned; a rename replaces its target at once.
/// Before that, any part of it may be lost, sector by sector and in any order.
///
/// Errors are those of ``LogError``: `noSpace` when the disk or the quota is full, `syncFailed` from a sync, else `io`.
package protocol FileSystem: Sendable {
  /// Makes one directory.
  func makeDirectory(_ path: String) throws(LogError) -> DirectoryCreation
  /// The names in a directory, sorted, without `.` and `..`.
  func names(inDirectory path: String) throws(LogError) -> [String]
  func syncDirectory(_ path: String) throws(LogError)
  /// Whether there is a file of that name.
  func hasFile(_ path: String) -> Bool
  func open(_ path: String, _ mode: FileMode) throws(LogError) -> any File
  /// Replaces `target` when it is there.
  func rename(_ path: String, to target: String) throws(LogError)
  /// Removes a name; it is no error when it is not there. Who has the file open goes on with it.
  func remove(_ path: String) throws(LogError)
}

package enum DirectoryCreation: Sendable {
  case made
  case present
  /// The directory above it is missing.
  case noParent
}

package enum FileMode: Sendable {
  case existing
  /// As it is, and never written to.
  case reading
  /// Made anew; what was there is emptied.
  case created
  /// Made when missing, kept when there.
  case kept
}

/// An open file. Closed with the last reference, so that a reader may go on with a file that has been removed meanwhile.
package protocol File: AnyObject, Sendable {
  var path: String { get }
  func size() throws(LogError) -> UInt64
  /// Reads up to `count` bytes; fewer only at the end of the file.
  func read(at position: UInt64, count: Int) throws(LogError) -> ByteBuffer
  /// Writes the buffers one after the other.
  func write(_ buffers: [ByteBuffer], at position: UInt64) throws(LogError)
  /// Reserves blocks from `start` up to `end`, which read as zeros; the file is `end` long afterwards at least.
  func allocate(from start: UInt64, to end: UInt64) throws(LogError)
  func truncate(to length: UInt64) throws(LogError)
  /// Makes the data durable, and what is needed to read it back: the file's length.
  func sync() throws(LogError)
  /// Takes the file's advisory lock. False when another open file has it.
  func lock() throws(LogError) -> Bool
  /// The first `length` bytes of the file, which has them, as shared memory.
  func map(length: Int) throws(LogError) -> any MemoryMap
}

/// Shared memory of a file: what is stored to it reaches the disk in any order, or never. Unmapped with the last reference.
package protocol MemoryMap: AnyObject, Sendable {
  var bytes: UnsafeMutableRawBufferPointer { get }
}
