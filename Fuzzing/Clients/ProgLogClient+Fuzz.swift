import FoundationEssentials
import FuzzSupport
import GRPCCore
import ProgLogAPI
import SwiftProtobuf

@testable import ProgLogClient

extension FuzzTarget {
  /// A failure as a server sends it: the code in the first byte, then `grpc-status-details-bin`.
  static let errorDetails = FuzzTarget(
    "error-details", maximumBytes: 512,
    seeds: {
      // google.rpc.ErrorInfo: reason, domain, metadata.
      func info(_ reason: String, _ metadata: [(String, String)]) throws -> [UInt8] {
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
        let entries = metadata.flatMap { field(3, field(1, Array($0.0.utf8)) + field(2, Array($0.1.utf8))) }
        let value = field(1, Array(reason.utf8)) + field(2, Array("proglog.io".utf8)) + entries
        var status = Google_Rpc_Status()
        status.message = "message"
        status.details = [
          .with {
            $0.typeURL = "type.googleapis.com/google.rpc.ErrorInfo"
            $0.value = .init(value)
          }
        ]
        return try status.serializedBytes()
      }
      return [
        [11] + (try info("OFFSET_OUT_OF_RANGE", [("requested", "9"), ("start", "0"), ("end", "5")])),
        [9] + (try info("NOT_LEADER", [("leader_addr", "127.0.0.1:8400")])), [14], [7] + (try info("OTHER", [])),
      ]
    },
    dictionary: ["OFFSET_OUT_OF_RANGE", "NOT_LEADER", "proglog.io", "requested", "start", "end", "leader_addr"],
    run: { input in
      guard let code = input.first.flatMap({ Status.Code(rawValue: Int($0)) }).flatMap(RPCError.Code.init) else {
        return false
      }
      var metadata = Metadata()
      metadata.addBinary(Array(input.dropFirst()), forKey: "grpc-status-details-bin")
      let received = RPCError(code: code, message: "message", metadata: metadata)
      let error = ProgLogError(received, address: "a:1", wasOpened: true, requested: 3, timeout: .seconds(1))
      try require(!error.description.isEmpty && !error.ofAppend(records: 2).description.isEmpty, "an error has no text")
      if case .outOfRange(let requested, let range?) = error {
        try require(range.lowerBound <= range.upperBound, "offset \(requested) is outside of \(range)")
      }
      return true
    })

  static let nodeAddress = FuzzTarget(
    "node-address", maximumBytes: 64,
    seeds: { ["127.0.0.1:8400", "[::1]:1", "node-0.proglog:65535"].map { Array($0.utf8) } },
    run: { input in
      guard let address = try? NodeAddress(parsing: String(decoding: input, as: UTF8.self)) else { return false }
      try require(try NodeAddress(parsing: address.description) == address, "\(address) does not read back")
      _ = address.target
      return true
    })
}
