import FuzzSupport
import NIOCore

@testable import Logd

extension FuzzTarget {
  /// The bodies of `POST /` and `GET /`: each input is read as both.
  static let httpBodies = FuzzTarget(
    "http-bodies", maximumBytes: 512,
    seeds: {
      [
        #"{"record": {"value": "TGV0J3MgR28gIzEK"}}"#, #"{"record":{"value":""}}"#, #"{"offset": 0}"#,
        #"{"records":[{"value":"AAE="},{"value":""}]}"#,
        #"{"offset":1,"max_records":3,"wait_milliseconds":5}"#,
        #"{"offset":18446744073709551615,"x":[null,true,1.5e3,"\u00e9"]}"#,
        #"{"record":{"value":"AAE=\r\n"},"offset":1}"#,
      ].map { Array($0.utf8) }
    },
    dictionary: [
      #""record""#, #""value""#, #""offset""#, "{", "}", "[", "]", "null", "true", "1e3", "-0", #"\u0000"#, #"\ud800"#,
    ],
    run: { input in
      let body = ByteBuffer(bytes: input)
      var accepted = false
      do {
        let contents = try RecordMessages.produceContents(body)
        accepted = true
        if case .record(let buffer) = contents {
          // Reads back what the encoder of the answers writes.
          let value = Array(buffer: buffer)
          var text = ""
          for start in stride(from: 0, to: value.count, by: 3) { text += group(Array(value[start...].prefix(3))) }
          try require(try RecordMessages.decodeBase64(text, of: "value") == value, "a value does not round-trip")
        }
      } catch let error as RecordMessages.BadBody {
        try require(!error.description.isEmpty, "an error without a text")
      }
      do {
        let offset = try RecordMessages.consumeRequest(body).offset
        accepted = true
        let again = ByteBuffer(string: "{\"offset\": \(offset)}")
        try require(try RecordMessages.consumeRequest(again).offset == offset, "offset \(offset) does not round-trip")
      } catch let error as RecordMessages.BadBody {
        try require(!error.description.isEmpty, "an error without a text")
      }
      return accepted
    })

  /// Up to three bytes in base64 (RFC 4648, section 4).
  private static func group(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    let bits = (0..<3).reduce(UInt32(0)) { $0 << 8 | (bytes.indices.contains($1) ? UInt32(bytes[$1]) : 0) }
    return String((0..<4).map { $0 <= bytes.count ? alphabet[Int(bits >> (18 - 6 * UInt32($0)) & 63)] : "=" })
  }
}
