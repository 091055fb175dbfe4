import NIOCore
import Testing

@testable import CommitLog

@Suite("The file of votes")
struct VoteFileTests {
  private func open(_ directory: TemporaryDirectory) throws -> Log {
    try Log(directory: directory.path, configuration: small)
  }

  @Test("is empty at first, and has after each opening what was saved last")
  func saves() throws {
    let directory = try TemporaryDirectory()
    var log = try open(directory)
    #expect(log.vote == ByteBuffer())
    for number in 0..<5 {
      let vote = ByteBuffer(string: "term \(number)" + String(repeating: "x", count: number * 900))
      try log.saveVote(vote)
      #expect(log.vote == vote)
      try log.close()
      log = try open(directory)
      #expect(log.vote == vote)
    }
    try log.close()
  }

  @Test("one slot that is torn or damaged is made anew from the other", arguments: [0, 1], [0, 5, 9, 21, 4095])
  func healed(slot: Int, position: Int) throws {
    let directory = try TemporaryDirectory()
    let log = try open(directory)
    try log.saveVote(ByteBuffer(string: "saved"))
    try log.close()
    let path = directory.path + "/vote"
    let whole = try Files.read(path)
    var bytes = whole
    bytes[slot * VoteFile.slotBytes + position] ^= 0x80
    try Files.write(path, bytes)
    let reopened = try open(directory)
    #expect(reopened.vote == ByteBuffer(string: "saved"))
    #expect(reopened.recovery.healedVote == path)
    #expect(try Files.read(path) == whole)
    try reopened.close()
  }

  @Test("a save that came to the first slot only is the one that counts")
  func interrupted() throws {
    let directory = try TemporaryDirectory()
    var log = try open(directory)
    let path = directory.path + "/vote"
    try log.saveVote(ByteBuffer(string: "before"))
    let before = try Files.read(path)
    try log.saveVote(ByteBuffer(string: "after"))
    try log.close()
    let after = try Files.read(path)
    try Files.write(path, Array(after[..<VoteFile.slotBytes] + before[VoteFile.slotBytes...]))
    log = try open(directory)
    #expect(log.vote == ByteBuffer(string: "after"))
    try log.close()
    #expect(try Files.read(path) == after)
  }

  @Test("both slots damaged, or no file at all: the log refuses to open and says why")
  func damaged() throws {
    let directory = try TemporaryDirectory()
    try open(directory).close()
    let path = directory.path + "/vote"
    let bytes = try Files.read(path)
    let half = VoteFile.slotBytes
    var both = bytes
    both[100] ^= 1
    both[half + 100] ^= 1
    for content in [both, Array(bytes.prefix(100)), []] {
      try Files.write(path, content)
      #expect(throws: LogError.self) { try open(directory) }
    }
    try Files.remove(path)
    #expect {
      try open(directory)
    } throws: { error in
      "\(error)".contains("nobody knows for whom this node voted")
    }
    #expect(throws: LogError.self) { try LogRepair(directory: directory.path).run(discardingDamage: true) }
    let outcome = try LogRepair(directory: directory.path).run(discardingDamage: false)
    #expect(outcome.damage?.file == path)
  }

  @Test("of another log is not this one's")
  func foreign() throws {
    let (one, other) = (try TemporaryDirectory(), try TemporaryDirectory())
    try open(one).close()
    try open(other).close()
    try Files.write(one.path + "/vote", try Files.read(other.path + "/vote"))
    #expect(throws: LogError.self) { try open(one) }
  }
}
