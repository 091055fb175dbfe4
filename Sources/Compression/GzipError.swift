/// Why bytes were not decompressed.
package enum GzipError: Error, Equatable, Sendable {
  case tooLarge(limit: Int)
  /// Not one whole gzip member: damaged, cut off, or followed by something else.
  case invalid(zlibResult: Int32, unreadBytes: Int)
}

extension GzipError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tooLarge(let limit): "larger than the limit of \(limit) bytes when decompressed"
    case .invalid(let result, let unread): "not valid gzip (zlib result \(result), \(unread) bytes unread)"
    }
  }
}
