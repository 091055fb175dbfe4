import NIOCore
import Testing

@testable import KubernetesClient

@Suite("JSON values")
struct JSONValueTests {
  @Test(
    "what is read is written again",
    arguments: [
      #"{"a":[1,-2,2.5,true,false,null,"x\n\"ü€"],"b":{"c":{}}}"#, "[]", #""""#, "9223372036854775807", "null",
    ])
  func roundTrip(text: String) throws {
    let value = try JSONCoding.decode(ByteBuffer(string: text))
    #expect(String(decoding: try JSONCoding.encode(value), as: UTF8.self) == text)
  }

  @Test("what is not JSON is malformed", arguments: ["", "{", "<html>", "{\"a\":1}{\"b\":2}"])
  func malformed(text: String) {
    #expect(throws: KubernetesError.self) { try JSONCoding.decode(ByteBuffer(string: text)) }
  }

  @Test("numbers and words in strings stay strings")
  func strings() throws {
    let value = try JSONCoding.decode(ByteBuffer(string: #"{"a":"1","b":"true","c":1,"d":true}"#))
    #expect(value == ["a": "1", "b": "true", "c": 1, "d": true])
  }
}
