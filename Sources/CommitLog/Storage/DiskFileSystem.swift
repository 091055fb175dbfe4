import Glibc

/// The real disk: every system call on names is here.
package struct DiskFileSystem: FileSystem {
  package init() {}

  package func makeDirectory(_ path: String) throws(LogError) -> DirectoryCreation {
    if mkdir(path, 0o750) == 0 { return .made }
    switch errno {
    case EEXIST: return .present
    case ENOENT: return .noParent
    default: throw .failed("make directory", path, errno: errno)
    }
  }

  package func names(inDirectory path: String) throws(LogError) -> [String] {
    guard let stream = opendir(path) else { throw .failed("list", path, errno: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  package func syncDirectory(_ path: String) throws(LogError) {
    let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .failed("open", path, errno: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .syncFailed(file: path, errno: errno) }
  }

  package func hasFile(_ path: String) -> Bool {
    access(path, F_OK) == 0
  }

  package func open(_ path: String, _ mode: FileMode) throws(LogError) -> any File {
    try DiskFile(path, mode)
  }

  package func rename(_ path: String, to target: String) throws(LogError) {
    guard Glibc.rename(path, target) == 0 else { throw .failed("rename", path, errno: errno) }
  }

  package func remove(_ path: String) throws(LogError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw .failed("remove", path, errno: errno) }
  }
}
