import CommitLog
import NIOCore
import Simulation
import Testing

@Suite("Votes on a disk that stops")
struct VoteTests {
  private static let configuration = Log.Configuration(
    maximumStoreBytes: 16 << 10, maximumIndexBytes: 200, preallocationBytes: 1024, tailCacheBytes: 0)

  private func log(on disk: SimulatedDisk) throws -> Log {
    try Log(directory: "/log", configuration: Self.configuration, fileSystem: disk)
  }

  @Test("a vote that an opening found is durable, though whoever saved it was killed, and whoever found it first, too")
  func killedTwice() throws {
    let disk = SimulatedDisk(seed: 1)
    let vote = ByteBuffer(string: "term 7")
    // Killed behind the write of the first slot, before its sync.
    let first = try log(on: disk)
    disk.plan(.stop(.after), atStep: disk.step + 1)
    do throws(LogError) { try first.saveVote(vote) } catch { #expect(disk.isStopped) }
    // Whoever opens it is killed at each step of that.
    for step in 1...6 {
      let killed = disk.afterKill(seed: 1)
      killed.plan(.stop(.after), atStep: step)
      _ = try? log(on: killed)
      let reopened = killed.afterKill(seed: 1)
      #expect(try log(on: reopened).vote == vote)
      for seed in 0..<20 as Range<UInt64> {
        #expect(try log(on: reopened.afterCrash(seed: seed)).vote == vote, "step \(step) seed \(seed)")
      }
    }
  }
}
