package import CommitLog
import Glibc
import NIOCore
import Synchronization
import TestSupport

/// A disk in memory that stops, fails, fills up and rots as planned: the ``FileSystem`` of crash tests.
///
/// Each operation that changes something is a *step*, counted from 1, at which a fault can be planned. ``FileImage`` and
/// ``DirectoryImage`` say what a loss of power may leave of what was not synced. Everything that happens follows from the
/// seeds and the order of the calls.
package final class SimulatedDisk: FileSystem {
  /// The disk during a step.
  package struct Moment: Sendable {
    package let step: Int
    package let place: DiskFault.Place
    package let operation: DiskOperation
    package let image: DiskImage
  }

  let state: Mutex<DiskState>
  private let transcript: Transcript?

  /// An empty disk, or one that holds an image.
  package init(seed: UInt64, image: DiskImage = DiskImage(), transcript: Transcript? = nil) {
    state = Mutex(DiskState(image: image, random: SeededGenerator(seed: seed)))
    self.transcript = transcript
  }

  // MARK: Plans

  /// Has something happen at a step, in place of what was planned for it before.
  package func plan(_ fault: DiskFault?, atStep step: Int) {
    state.withLock { $0.faults[step] = fault }
  }

  /// Bytes that the disk has room for, in blocks of 4096; nil for no limit.
  package var capacityBytes: Int? {
    get { state.withLock { $0.capacityBytes } }
    set { state.withLock { $0.capacityBytes = newValue } }
  }

  package var usedBytes: Int { state.withLock { $0.image.usedBytes(open: Set($0.handles.values)) } }

  /// Steps so far.
  package var step: Int { state.withLock { $0.step } }
  package var isStopped: Bool { state.withLock { $0.isStopped } }
  /// Planned faults, and refusals for want of room, that came to pass.
  package var faultsMet: [(fault: DiskFault, at: DiskOperation.Kind)] { state.withLock { $0.faultsMet } }

  /// Keeps the disk as it is in the middle of each step and after it, for ``takeMoments()``.
  package func recordMoments() {
    state.withLock { $0.recordsMoments = true }
  }

  package func takeMoments() -> [Moment] {
    state.withLock { state in
      defer { state.moments = [] }
      return state.moments
    }
  }

  // MARK: What is found later

  /// The disk as it is now, page cache and all: what the next process finds when this one was killed.
  package var image: DiskImage {
    state.withLock { state in
      if !state.isStopped { state.absorbMaps() }
      return state.image
    }
  }

  /// What the next process may find when the power was lost now.
  package func afterCrash(seed: UInt64) -> SimulatedDisk {
    SimulatedDisk(seed: seed, image: image.afterCrash(seed: seed), transcript: transcript)
  }

  /// What the next process finds when this one is killed now: everything, synced or not.
  package func afterKill(seed: UInt64) -> SimulatedDisk {
    SimulatedDisk(seed: seed, image: image, transcript: transcript)
  }

  // MARK: Bytes at rest

  package func content(of path: String) -> [UInt8]? {
    let image = image
    return image.file(at: path).map { image.files[$0].bytes }
  }

  package func flip(bit: Int, ofByte position: Int, in path: String) {
    state.withLock { state in
      guard let file = state.image.file(at: path) else { preconditionFailure("there is no file \(path)") }
      state.image.files[file].flip(bit: bit, ofByte: position)
    }
  }

  // MARK: FileSystem

  func perform(_ operation: DiskOperation) throws(LogError) {
    try state.withLock { (state) throws(LogError) in try perform(operation, in: &state) }
  }

  private func perform(_ operation: DiskOperation, in state: inout DiskState) throws(LogError) {
    do throws(LogError) {
      try state.perform(operation)
      transcript?.add("  \(state.step): \(operation)")
    } catch {
      transcript?.add("  \(state.step): \(operation): \(state.isStopped ? "STOPPED" : error.description)")
      throw error
    }
  }

  package func makeDirectory(_ path: String) throws(LogError) -> DirectoryCreation {
    try state.withLock { (state) throws(LogError) in
      try state.checkRunning(path)
      if state.image.directories[path] != nil { return .present }
      guard state.image.directories[DiskImage.split(path).directory] != nil else { return .noParent }
      try perform(.makeDirectory(path), in: &state)
      return .made
    }
  }

  package func names(inDirectory path: String) throws(LogError) -> [String] {
    try state.withLock { (state) throws(LogError) in
      try state.checkRunning(path)
      guard let directory = state.image.directories[path] else {
        throw .io(operation: "list", file: path, errno: ENOENT)
      }
      return directory.names.keys.sorted()
    }
  }

  package func syncDirectory(_ path: String) throws(LogError) {
    try perform(.syncDirectory(path))
  }

  package func hasFile(_ path: String) -> Bool {
    state.withLock { !$0.isStopped && $0.image.file(at: path) != nil }
  }

  package func open(_ path: String, _ mode: FileMode) throws(LogError) -> any File {
    let (file, handle) = try state.withLock { (state) throws(LogError) in
      try state.checkRunning(path)
      let isThere = state.image.file(at: path) != nil
      switch mode {
      case .created: try perform(.create(path), in: &state)
      case .kept where !isThere: try perform(.create(path), in: &state)
      case .existing, .reading, .kept: break
      }
      guard let file = state.image.file(at: path) else { throw .io(operation: "open", file: path, errno: ENOENT) }
      return (file, state.openHandle(on: file))
    }
    return SimulatedFile(disk: self, path: path, file: file, handle: handle)
  }

  package func rename(_ path: String, to target: String) throws(LogError) {
    try state.withLock { (state) throws(LogError) in
      guard state.image.file(at: path) != nil else { throw .io(operation: "rename", file: path, errno: ENOENT) }
      try perform(.rename(path, target: target), in: &state)
    }
  }

  package func remove(_ path: String) throws(LogError) {
    try state.withLock { (state) throws(LogError) in
      try state.checkRunning(path)
      guard state.image.file(at: path) != nil else { return }
      try perform(.remove(path), in: &state)
    }
  }
}
