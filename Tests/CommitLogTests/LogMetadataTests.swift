import NIOCore
import Testing

@testable import CommitLog

@Suite("Log metadata")
struct LogMetadataTests {
  @Test("a log leaves its cluster for another one, which a crash does not undo, and then has begun that")
  func anotherCluster() throws {
    let directory = try TemporaryDirectory()
    func reopened() throws -> Log { try Log(directory: directory.path) }
    var log = try reopened()
    try log.setClusterID("alpha")
    #expect(throws: LogError.self) { try log.setClusterID("beta") }
    #expect(throws: LogError.self) { try log.beginCluster("") }
    try log.beginCluster("beta")
    #expect(log.metadata.clusterID == "beta" && log.metadata.isBeginningCluster)
    try log.close()
    log = try reopened()
    #expect(log.metadata.clusterID == "beta" && log.metadata.isBeginningCluster)
    try log.setClusterID("beta")
    try log.clusterHasBegun()
    try log.close()
    log = try reopened()
    #expect(log.metadata.clusterID == "beta" && !log.metadata.isBeginningCluster)
    try log.close()
  }

  @Test("a cluster id that is not UTF-8 is refused, though its checksum is right", arguments: [0xFF, 0xC3] as [UInt8])
  func clusterIDIsText(byte: UInt8) {
    var bytes = LogMetadata(incarnation: .random(), clusterID: "cluster").encoded()
    bytes.setInteger(byte, at: bytes.writerIndex - 1)
    bytes.setInteger(Checksummed.checksum(of: bytes), at: Checksummed.position, endianness: .little)
    guard case .failure(let failure) = LogMetadata.decode(bytes) else {
      Issue.record("it was taken")
      return
    }
    #expect(failure.what == "cluster id is not UTF-8")
  }
}
