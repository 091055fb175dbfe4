import Glibc

/// Where a model and a policy are kept.
///
/// Replace a file by renaming another over it: what is written in place can be read when it is half there, and a policy
/// that is cut at the end of a line is a policy, too.
package struct PolicyFiles: Sendable, Equatable {
  package let modelPath: String
  package let policyPath: String

  package init(modelPath: String, policyPath: String) {
    self.modelPath = modelPath
    self.policyPath = policyPath
  }

  /// Reads and compiles both. Blocks on the disk.
  package func load() throws(PolicyError) -> AccessPolicy {
    let (model, policy) = try read()
    return try AccessPolicy(model: model, policy: policy)
  }

  /// Reads both, up to a byte more than each may have: then its size is an error when it is compiled.
  func read() throws(PolicyError) -> (model: SourceFile, policy: SourceFile) {
    (
      try Self.read(modelPath, limit: ModelFile.maximumBytes + 1),
      try Self.read(policyPath, limit: PolicyFile.maximumBytes + 1)
    )
  }

  private static func read(_ path: String, limit: Int) throws(PolicyError) -> SourceFile {
    // Opening a pipe would wait for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(path, "cannot be opened", errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(path, "cannot be read", errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw PolicyError(file: path, problem: "it is not a file", advice: "name a file")
    }
    var bytes: [UInt8] = []
    while bytes.count < limit {
      var code: Int32 = 0
      let chunk = [UInt8](unsafeUninitializedCapacity: min(chunkBytes, limit - bytes.count)) { buffer, count in
        let result = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        code = result < 0 ? errno : 0
        count = max(result, 0)
      }
      guard code == 0 || code == EINTR else { throw failure(path, "cannot be read", code) }
      if code == 0, chunk.isEmpty { break }
      bytes += chunk
    }
    return SourceFile(name: path, bytes: bytes)
  }

  /// Most files take one read.
  private static let chunkBytes = 64 * 1024

  private static func failure(_ path: String, _ what: String, _ code: Int32) -> PolicyError {
    PolicyError(
      file: path, problem: "the file \(what): \(String(cString: strerror(code)).lowercased())",
      advice: "check the path and its permissions")
  }
}
