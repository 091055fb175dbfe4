/// An operation that changes something on a disk: one step, at which it can stop or fail.
package enum DiskOperation: Sendable {
  case makeDirectory(String)
  /// Makes a file, or empties the one that is there.
  case create(String)
  case write(path: String, file: Int, content: [UInt8], position: Int)
  case allocate(path: String, file: Int, end: Int)
  case truncate(path: String, file: Int, length: Int)
  case sync(path: String, file: Int)
  case rename(String, target: String)
  case remove(String)
  case syncDirectory(String)

  package enum Kind: String, CaseIterable, Sendable {
    case makeDirectory = "make directory"
    case create
    case write
    case allocate
    case truncate
    case sync
    case rename
    case remove
    case syncDirectory = "sync directory"
  }

  package var kind: Kind {
    switch self {
    case .makeDirectory: .makeDirectory
    case .create: .create
    case .write: .write
    case .allocate: .allocate
    case .truncate: .truncate
    case .sync: .sync
    case .rename: .rename
    case .remove: .remove
    case .syncDirectory: .syncDirectory
    }
  }

  var path: String {
    switch self {
    case .makeDirectory(let path), .create(let path), .remove(let path), .syncDirectory(let path): path
    case .write(let path, _, _, _), .allocate(let path, _, _), .truncate(let path, _, _): path
    case .sync(let path, _): path
    case .rename(let path, _): path
    }
  }

  /// What of it is done when the machine stops in its middle; nil when it is done at once.
  func part(_ random: inout some RandomNumberGenerator, length: Int) -> DiskOperation? {
    switch self {
    case .write(let path, let file, let content, let position) where content.count > 1:
      let count = Int.random(in: 1..<content.count, using: &random)
      return .write(path: path, file: file, content: Array(content.prefix(count)), position: position)
    case .allocate(let path, let file, let end) where end > length + 1:
      return .allocate(path: path, file: file, end: Int.random(in: length + 1..<end, using: &random))
    default: return nil
    }
  }
}

extension DiskOperation: CustomStringConvertible {
  package var description: String {
    switch self {
    case .write(let path, _, let content, let position):
      "write \(path) bytes \(position)..<\(position + content.count)"
    case .allocate(let path, _, let end): "allocate \(path) up to byte \(end)"
    case .truncate(let path, _, let length): "truncate \(path) to \(length) bytes"
    case .rename(let path, let target): "rename \(path) to \(target)"
    default: "\(kind.rawValue) \(path)"
    }
  }
}

/// What happens at a step instead of what was asked for.
package enum DiskFault: Hashable, Sendable {
  package enum Place: String, CaseIterable, Sendable {
    case before
    case middle = "in the middle of"
    case after
  }

  /// The machine stops. Nothing is answered any more.
  case stop(Place)
  /// EIO. A write may be done in part. A sync that fails leaves its pages clean, written or not.
  case inputOutputError
  case noSpace
}
