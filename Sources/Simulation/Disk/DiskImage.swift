/// All files and names of a disk, in both of their states. A value: a copy of it is the disk at one moment.
package struct DiskImage: Sendable {
  /// By number; a file keeps its own for good.
  var files: [FileImage] = []
  /// By absolute path.
  var directories: [String: DirectoryImage] = ["/": DirectoryImage()]

  static func split(_ path: String) -> (directory: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return ("/", path) }
    let directory = path[..<slash]
    return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
  }

  func file(at path: String) -> Int? {
    let (directory, name) = Self.split(path)
    guard case .file(let file) = directories[directory]?.names[name] else { return nil }
    return file
  }

  mutating func apply(_ operation: DiskOperation) {
    let (directory, name) = Self.split(operation.path)
    switch operation {
    case .makeDirectory(let path):
      directories[directory]?.add(name, .directory)
      directories[path] = DirectoryImage()
    case .create(let path):
      if let file = file(at: path) {
        files[file].truncate(to: 0)
      } else {
        directories[directory]?.add(name, .file(files.count))
        files.append(FileImage())
      }
    case .write(_, let file, let content, let position): files[file].write(content[...], at: position)
    case .allocate(_, let file, let end): files[file].grow(to: end)
    case .truncate(_, let file, let length): files[file].truncate(to: length)
    case .sync(_, let file): files[file].sync()
    case .rename(_, let target): directories[directory]?.rename(name, to: Self.split(target).name)
    case .remove: directories[directory]?.remove(name)
    case .syncDirectory(let path): directories[path]?.sync()
    }
  }

  /// What may be found after a loss of power: the seed draws it.
  package func afterCrash(seed: UInt64) -> DiskImage {
    var outcome = CrashOutcome(seed: seed)
    return afterCrash(&outcome)
  }

  func afterCrash(_ outcome: inout CrashOutcome) -> DiskImage {
    var found = DiskImage()
    // In order: the outcome is drawn along the way. A directory comes after the one that holds it.
    for (path, directory) in directories.sorted(by: { $0.key < $1.key }) {
      let (parent, name) = Self.split(path)
      guard path == "/" || found.directories[parent]?.names[name] == .directory else { continue }
      found.directories[path] = directory.crashed(&outcome)
    }
    found.files = files.map { $0.crashed(&outcome) }
    return found
  }

  /// Bytes of disk that the linked files, and those still open, take: whole blocks.
  func usedBytes(open: Set<Int>) -> Int {
    var present = open
    for directory in directories.values {
      for case .file(let file) in directory.names.values { present.insert(file) }
    }
    return present.reduce(0) { $0 + Self.blocks(files[$1].bytes.count) }
  }

  static func blocks(_ bytes: Int) -> Int {
    (bytes + FileImage.blockBytes - 1) / FileImage.blockBytes * FileImage.blockBytes
  }
}
