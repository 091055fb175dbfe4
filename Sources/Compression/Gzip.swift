private import CZlib
package import NIOCore

/// Whole messages to and from gzip (RFC 1952), by zlib. 4 MiB cost tens of milliseconds.
package enum Gzip {
  /// Speed over ratio, as grpc-go does by default.
  private static let level: Int32 = 1
  /// How much output room each round of zlib gets, in bytes.
  private static let chunkBytes = 64 * 1024

  /// Appends `message`, compressed, to `output`.
  package static func compress(_ message: ByteBuffer, into output: inout ByteBuffer) {
    var stream = z_stream()
    let initialized = czlib_deflateInitGzip(&stream, level)
    precondition(initialized == Z_OK, "deflateInit2 failed with \(initialized): out of memory")
    defer { deflateEnd(&stream) }
    message.withUnsafeReadableBytes { input in
      stream.setInput(input)
      var result = Z_OK
      while result == Z_OK {
        let room = max(Int(deflateBound(&stream, uLong(stream.avail_in))), 64)
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { space in
          stream.run(into: space) {
            deflate(&$0, Z_FINISH)
          } result: {
            result = $0
          }
        }
      }
      precondition(result == Z_STREAM_END, "deflate ended with \(result)")
    }
  }

  /// Returns the message, which must be one whole gzip member. More than `maximumBytes` of output is found after at most one
  /// byte too many is written: a bomb costs no memory.
  package static func decompress(_ message: ByteBuffer, maximumBytes: Int) throws(GzipError) -> ByteBuffer {
    var stream = z_stream()
    let initialized = czlib_inflateInitGzip(&stream)
    precondition(initialized == Z_OK, "inflateInit2 failed with \(initialized): out of memory")
    defer { inflateEnd(&stream) }
    var output = ByteBuffer()
    var unread = 0
    let result = message.withUnsafeReadableBytes { input -> Int32 in
      stream.setInput(input)
      var result = Z_OK
      while result == Z_OK, output.readableBytes <= maximumBytes {
        let room = min(chunkBytes, maximumBytes - output.readableBytes + 1)
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { space in
          stream.run(into: UnsafeMutableRawBufferPointer(rebasing: space.prefix(room))) {
            inflate(&$0, Z_NO_FLUSH)
          } result: {
            result = $0
          }
        }
      }
      unread = Int(stream.avail_in)
      return result
    }
    if output.readableBytes > maximumBytes { throw .tooLarge(limit: maximumBytes) }
    guard result == Z_STREAM_END, unread == 0 else { throw .invalid(zlibResult: result, unreadBytes: unread) }
    return output
  }
}

extension z_stream {
  /// `input` must stay valid while the stream reads from it.
  fileprivate mutating func setInput(_ input: UnsafeRawBufferPointer) {
    // zlib declares its input mutable and never writes to it.
    next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
    avail_in = UInt32(input.count)
  }

  /// One round with `space` as output. Returns the bytes written.
  fileprivate mutating func run(
    into space: UnsafeMutableRawBufferPointer, step: (inout z_stream) -> Int32, result: (Int32) -> Void
  ) -> Int {
    next_out = space.bindMemory(to: UInt8.self).baseAddress
    avail_out = UInt32(space.count)
    result(step(&self))
    return space.count - Int(avail_out)
  }
}
