import CCommitLog
import NIOCore

/// CRC32C (Castagnoli): what storage and networks use, for the processor has an instruction for it.
package enum CRC32C {
  /// Continues `crc` over `bytes`; the first call starts from 0, or from a seed that tells one file's data from another's.
  package static func checksum(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
    ccommitlog_crc32c(crc, bytes.baseAddress, bytes.count)
  }

  static func checksum(of buffer: ByteBuffer) -> UInt32 {
    buffer.withUnsafeReadableBytes { checksum($0) }
  }
}
