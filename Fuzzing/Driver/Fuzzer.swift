package import FuzzSupport
import Glibc
import Synchronization

/// C's `argv`.
package typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// What is around libFuzzer's main function:
///
///     PROGRAM --list                     the names of its targets
///     PROGRAM --seeds TARGET FOLDER      writes the target's seeds, and its dictionary as FOLDER.dict
///     PROGRAM TARGET [LIBFUZZER OPTION or CORPUS]...
package enum Fuzzer {
  private static let chosen = Mutex<FuzzTarget?>(nil)

  /// Chooses the target and leaves to libFuzzer the rest of the arguments; or does what else was asked for, and exits.
  package static func start(with targets: [FuzzTarget], _ count: inout Int32, _ arguments: inout Arguments) {
    let words = CommandLine.arguments
    if words.dropFirst() == ["--list"] {
      for target in targets { print(target.name) }
      exit(0)
    }
    let isForSeeds = words.count == 4 && words[1] == "--seeds"
    guard words.count > 1, let target = targets.first(where: { $0.name == words[isForSeeds ? 2 : 1] }) else {
      print("usage: \(words[0]) --list | --seeds TARGET FOLDER | TARGET [OPTION or CORPUS]...")
      exit(2)
    }
    if isForSeeds {
      do { try writeSeeds(of: target, to: words[3]) } catch { fatalError("\(target.name): \(error)") }
      exit(0)
    }
    chosen.withLock { $0 = target }
    // libFuzzer keeps the pointers until the process ends. Of options that are given twice, the last counts.
    let rest = [words[0], "-max_len=\(target.maximumBytes)"] + words.dropFirst(2)
    let strings = UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: rest.count + 1)
    _ = strings.initialize(from: rest.map { strdup($0) } + [nil])
    guard let base = strings.baseAddress else { return }
    count = Int32(rest.count)
    arguments = base
  }

  package static func run(_ data: UnsafeBufferPointer<UInt8>) {
    guard let target = chosen.withLock({ $0 }) else { fatalError("no target was chosen") }
    do {
      _ = try target.run([UInt8](data))
    } catch {
      fatalError("\(target.name): \(error)")
    }
  }

  private static func writeSeeds(of target: FuzzTarget, to folder: String) throws {
    for (number, seed) in try target.seeds().enumerated() {
      try write(seed, to: "\(folder)/seed-\(number < 10 ? "0" : "")\(number)")
    }
    guard !target.dictionary.isEmpty else { return }
    let words = target.dictionary.map { word in
      "\"" + word.utf8.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\"\n"
    }
    try write(Array(words.joined().utf8), to: "\(folder).dict")
  }

  private static func write(_ bytes: [UInt8], to path: String) throws {
    guard let file = fopen(path, "w") else { throw Violation("cannot write \(path): errno \(errno)") }
    defer { fclose(file) }
    try require(fwrite(bytes, 1, bytes.count, file) == bytes.count, "cannot write \(path)")
  }
}
