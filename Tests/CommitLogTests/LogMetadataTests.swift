import NIOCore
import Testing

@testable import CommitLog

@Suite("Log metadata")
struct LogMetadataTests {
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
