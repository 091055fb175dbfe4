/// The outcome of a call, as gRPC carries it in trailers.
package struct RPCStatus: Error, Equatable, Sendable {
  /// The seventeen canonical codes of gRPC.
  package enum Code: Int, CaseIterable, Sendable {
    case ok = 0
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case dataLoss = 15
    case unauthenticated = 16
  }

  package var code: Code

  /// Text for the developer at the other end. Any Unicode: it is percent-encoded on the wire.
  package var message: String

  /// A serialised `google.rpc.Status` for `grpc-status-details-bin`; empty for none.
  package var details: [UInt8]

  package init(_ code: Code, _ message: String = "", serializedDetails: [UInt8] = []) {
    self.code = code
    self.message = message
    self.details = serializedDetails
  }

  package static let ok = RPCStatus(.ok)
}
