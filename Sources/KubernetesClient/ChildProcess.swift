import Glibc
import NIOPosix
import Synchronization

/// A program that is run for its standard output. Its errors go where ours go; it has nothing to read.
enum ChildProcess {
  /// A credential is a few KiB; a program that never stops writing must not fill the memory.
  private static let maximumOutputBytes = 1 << 20

  static func output(
    of plugin: ExecPlugin, environment: [String: String]
  ) async throws(KubernetesError) -> [UInt8] {
    func failed(_ what: String) -> KubernetesError {
      let hint = plugin.installHint.map { ". \($0)" } ?? ""
      return .configuration("\(plugin.origin): \(plugin.command) \(what)\(hint)")
    }
    let child: Child
    do {
      child = try Child.start(plugin.command, plugin.arguments, environment)
    } catch {
      throw failed("cannot be run: \(String(cString: strerror(error.number)))")
    }
    let ending = await withTaskCancellationHandler {
      // Reading blocks, so it has a thread of NIO's pool for blocking work.
      try? await NIOThreadPool.singleton.runIfActive { child.finish(maximumOutputBytes) }
    } onCancel: {
      child.kill()
    }
    guard let ending else { throw failed("was not waited for: the process is shutting down") }
    guard ending.output.count <= maximumOutputBytes else { throw failed("wrote more than \(maximumOutputBytes) bytes") }
    // As wait(2) codes it: the low 7 bits are the signal, the next byte is what the program returned.
    if ending.status & 0x7f != 0 { throw failed("was ended by signal \(ending.status & 0x7f)") }
    guard ending.status == 0 else { throw failed("exited with \((ending.status >> 8) & 0xff)") }
    return ending.output
  }

  private struct SystemError: Error {
    var number: Int32
  }

  private final class Child: Sendable {
    private let standardOutput: Int32
    /// Nil once it has been waited for: its number may be another process's then.
    private let id: Mutex<pid_t?>

    private init(id: pid_t, standardOutput: Int32) {
      self.id = Mutex(id)
      self.standardOutput = standardOutput
    }

    static func start(
      _ command: String, _ arguments: [String], _ environment: [String: String]
    ) throws(SystemError) -> Child {
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0 else { throw SystemError(number: errno) }
      // Other children must not keep them open. One that starts right now may: then this one is read until that one
      // ends.
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      defer { close(ends[1]) }
      var files = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&files)
      defer { posix_spawn_file_actions_destroy(&files) }
      posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
      posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO)
      var attributes = posix_spawnattr_t()
      posix_spawnattr_init(&attributes)
      defer { posix_spawnattr_destroy(&attributes) }
      // A group of its own, to be ended with all that it starts; and SIGPIPE, which servers ignore, as programs expect
      // it.
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
      posix_spawnattr_setpgroup(&attributes, 0)
      var signals = sigset_t()
      sigemptyset(&signals)
      sigaddset(&signals, SIGPIPE)
      posix_spawnattr_setsigdefault(&attributes, &signals)
      var id = pid_t()
      let error = withCStrings([command] + arguments) { arguments in
        withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
          posix_spawnp(&id, command, &files, &attributes, arguments, environment)
        }
      }
      guard error == 0 else {
        close(ends[0])
        throw SystemError(number: error)
      }
      return Child(id: id, standardOutput: ends[0])
    }

    /// Reads to the end of the output, since a program that cannot write never ends, and waits for the program.
    func finish(_ limit: Int) -> (output: [UInt8], status: Int32) {
      var output: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 16_384)
      while true {
        let count = read(standardOutput, &chunk, chunk.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0, output.count <= limit else { break }
        output += chunk[..<count]
      }
      close(standardOutput)
      if output.count > limit { kill() }
      return (output, wait())
    }

    func kill() {
      id.withLock { id in
        // The group, by its negative number.
        if let id { _ = Glibc.kill(-id, SIGKILL) }
      }
    }

    private func wait() -> Int32 {
      guard let id = id.withLock({ $0 }) else { return 0 }
      // Without taking its number away, which `kill` may still need.
      var information = siginfo_t()
      while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
      return self.id.withLock { current in
        current = nil
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 && errno == EINTR {}
        return status
      }
    }
  }

  /// Passes texts on as C does: an array of pointers that ends with a null one.
  private static func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("an array that is not empty has an address") }
      return body(base)
    }
  }
}
