import CommitLog
import TestSupport

extension LogWorkload {
  /// Stops the machine as it is, opens the log, works on, and stops it again, perhaps in the middle of either.
  mutating func stopAndLiveOn() throws(Interruption) {
    if Int.random(in: 0..<6, using: &random) == 0 { kill() } else { losePower() }
    if Bool.random(using: &random) {
      disk.plan(.stop(.random(using: &random)), atStep: Int.random(in: 1...25, using: &random))
    }
    do throws(Interruption) {
      try open()
      if Int.random(in: 0..<4, using: &random) == 0 {
        // What the second opening finds is what the first one found.
        kill()
        try open()
      }
      for _ in 0..<Int.random(in: 1...3, using: &random) { try act() }
    } catch {
      guard case .stopped = error else { throw error }
    }
    guard disk.isStopped || Bool.random(using: &random) else { return }
    losePower()
    statistics.nestedCrashes += 1
    try open()
  }

  /// Flips one bit of what was synced and marked. It is reported, with its file and place, and nothing is changed; or it hurts
  /// nobody.
  mutating func flipBit() throws(Interruption) {
    let names: [String]
    do throws(LogError) { names = try disk.names(inDirectory: Self.directory) } catch {
      throw .broken("\(error)")
    }
    let paths = names.filter { $0 != "lock" }.map { Self.directory + "/" + $0 }
    let path = paths[Int.random(in: 0..<paths.count, using: &random)]
    guard let length = disk.content(of: path)?.count, length > 0 else { return }
    let position = Int.random(in: 0..<length, using: &random)
    let bit = Int.random(in: 0..<8, using: &random)
    transcript?.add("flip bit \(bit) of byte \(position) of \(length) in \(path)")
    disk.flip(bit: bit, ofByte: position, in: path)
    statistics.flippedBits += 1
    let kept = paths.filter { !$0.hasSuffix(".index") }
    let before = kept.map { disk.content(of: $0) }
    guard let error = try readAll() else { return }
    transcript?.add("  \(error)")
    guard case .damaged(path, let reported, _) = error, reported.rawValue <= UInt64(position) else {
      throw .broken("bit \(bit) of byte \(position) of \(path) was flipped, which is told as: \(error)")
    }
    guard kept.map({ disk.content(of: $0) }) == before else {
      throw .broken("damage of \(path) at byte \(position) was reported, and files were changed all the same")
    }
    statistics.damageReports += 1
  }

  /// Opens the log and compares all of it.
  /// - Returns: the error that this met.
  private mutating func readAll() throws(Interruption) -> LogError? {
    model.crash()
    let log: Log
    do throws(LogError) {
      log = try Log(directory: Self.directory, configuration: configuration, fileSystem: disk)
    } catch {
      return error
    }
    if let difference = model.reopen(log) { throw .broken("after a bit flip, \(difference)") }
    do throws(LogCheck.Failure) {
      try LogCheck(log: log, model: model).run(&random)
      return nil
    } catch {
      switch error {
      case .differs(let what): throw .broken("after a bit flip, \(what)")
      case .error(let error): return error
      }
    }
  }
}

extension DiskFault.Place {
  fileprivate static func random(using random: inout SeededGenerator) -> Self {
    allCases[Int.random(in: 0..<allCases.count, using: &random)]
  }
}
