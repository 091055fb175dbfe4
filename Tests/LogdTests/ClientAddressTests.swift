import Foundation
import TestSupport
import Testing

@testable import Logd

@Suite struct ClientAddressTests {
  private static let text = """
    # Written by an operator.
    internal:
      - log
      - Log.default.svc.
      - 10.0.0.9
      - "fd00::9"
      - .log-headless.default.svc      # any host below it
    members:
      log-0: 203.0.113.9:8400
      log-1: "[2001:db8::1]:8400"
    """

  // MARK: Who is told what

  @Test(
    "a caller from within is told what the member says itself, another one what the file says",
    arguments: [
      (nil, true), ("log", true), ("log:8400", true), ("LOG.default.svc:8400", true), ("log.default.svc.:8400", true),
      ("log-0.log-headless.default.svc:8400", true), ("a.b.log-headless.default.svc", true), ("10.0.0.9:1", true),
      ("[fd00::9]:8400", true), ("own.example", true), ("OWN.example.:9", true), ("localhost:8400", true),
      ("127.0.0.1:8400", true), ("[::1]:8400", true), ("", true), (":8400", true), ("[::1", true),
      ("203.0.113.9:8400", false), ("203.0.113.9", false), ("[2001:db8::1]:8400", false), ("log.example.com", false),
      ("log-headless.default.svc:8400", false), ("xlog-headless.default.svc", false), ("log.default", false),
      ("own.example.com", false),
    ] as [(String?, Bool)])
  func authorities(authority: String?, isInternal: Bool) throws {
    let book = try ClientAddressBook(yaml: Self.text)
    func told(_ member: String) -> String {
      book.address(of: member, registered: "\(member).internal:8400", for: authority, ownHost: "own.example")
    }
    #expect(told("log-0") == (isInternal ? "log-0.internal:8400" : "203.0.113.9:8400"))
    #expect(told("log-1") == (isInternal ? "log-1.internal:8400" : "[2001:db8::1]:8400"))
    // Who is not in the file has one address.
    #expect(told("log-2") == "log-2.internal:8400")
  }

  @Test("without a file everybody is told what members say themselves")
  func noBook() {
    let addresses = ClientAddresses(path: nil, ownHost: "own")
    #expect(addresses.reload() == .unchanged)
    #expect(addresses.address(of: "a", registered: "a:1", for: "elsewhere:1") == "a:1")
  }

  @Test("a refusal names the leader as the caller reaches it")
  func hints() throws {
    let directory = try TemporaryDirectory()
    try Self.text.write(toFile: directory.file("a.yaml"), atomically: true, encoding: .utf8)
    let addresses = ClientAddresses(path: directory.file("a.yaml"), ownHost: "own")
    guard case .replaced(let book) = addresses.reload() else {
      Issue.record("the file was not read")
      return
    }
    #expect(book.memberCount == 2)
    let hint = LeaderHint(id: "log-0", address: "log-0.internal:8400")
    for error in [ProduceError.notLeader(hint), .transferring(to: hint)] {
      #expect(error.addressed(by: addresses, for: "lb.example").leader?.address == "203.0.113.9:8400")
      #expect(error.addressed(by: addresses, for: "log").leader?.address == "log-0.internal:8400")
    }
    let unknown = ProduceError.notLeader(LeaderHint(id: "log-0", address: nil))
    #expect(unknown.addressed(by: addresses, for: "lb.example").leader == LeaderHint(id: "log-0", address: nil))
  }

  // MARK: The file

  @Test(
    "what is left out is empty",
    arguments: ["internal:\nmembers:\n", "internal: []\n", "members: {}\n", "members:\n  a: b:1\n"])
  func partial(yaml: String) throws {
    let book = try ClientAddressBook(yaml: yaml)
    #expect(book.memberCount == (yaml.contains("b:1") ? 1 : 0))
  }

  @Test(
    "what cannot be used is refused with where, what and what to write",
    arguments: [
      ("", "it is empty"), ("# nothing\n", "it is empty"), ("- a\n", "no mapping"), ("a: [\n", "not YAML"),
      ("internals:\n  - a\n", "line 1: there is no \"internals\" here; known are internal and members"),
      ("internal: log\n", "internal is no list"), ("internal:\n  - a b\n", "line 2: \"a b\" is no host"),
      ("internal:\n  - log:8400\n", "\"log:8400\" is no host"), ("internal:\n  - .\n", "\".\" is no host"),
      ("internal:\n  - ..a\n", "\"..a\" is no host"), ("internal:\n  - [a]\n", "is no host"),
      ("members:\n  - a\n", "members is no mapping"),
      ("members:\n  a/b: c:1\n", "line 2: \"a/b\" is no node name"),
      ("members:\n  a: c\n", "line 2: \"c\", of a, is no address; write HOST:PORT"),
      ("members:\n  a: c:0\n", "\"c:0\", of a, is no address"),
      ("members:\n  a: [c]\n", "is no address"), ("members:\n  a: 2001:db8::1:8400\n", "is no address"),
      (String(repeating: "#", count: 65 << 10), "longer than 65536 bytes"),
    ])
  func refused(yaml: String, says: String) {
    let error = #expect(throws: ClientAddressError.self) { try ClientAddressBook(yaml: yaml) }
    #expect(error?.description.contains(says) == true, "\(String(describing: error))")
  }

  @Test("a broken or missing file keeps what was there, and is told once unless somebody asks")
  func reload() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("a.yaml")
    func write(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }
    let addresses = ClientAddresses(path: path, ownHost: "own")
    func told() -> String { addresses.address(of: "a", registered: "in:1", for: "elsewhere") }

    guard case .failed(let missing, isNew: true) = addresses.reload() else {
      Issue.record("a missing file was not told")
      return
    }
    #expect(missing.description == "\(path): cannot open it: no such file or directory")
    #expect(told() == "in:1")
    try write("members: {a: out:1}")
    guard case .replaced = addresses.reload() else {
      Issue.record("the file was not read")
      return
    }
    #expect(addresses.reload() == .unchanged && told() == "out:1")

    try write("members: {a: out}")
    guard case .failed(let broken, isNew: true) = addresses.reload() else {
      Issue.record("a broken file was not told")
      return
    }
    #expect(broken.description.hasPrefix("\(path): line 1: "))
    #expect(addresses.reload() == .unchanged && told() == "out:1")
    #expect(addresses.reload(isAsked: true) == .failed(broken, isNew: false))

    try FileManager.default.removeItem(atPath: path)
    #expect(addresses.reload() == .failed(missing, isNew: true) && told() == "out:1")
    #expect(addresses.reload() == .unchanged)
    try write("members: {a: other:1}")
    guard case .replaced = addresses.reload() else {
      Issue.record("the file was not read again")
      return
    }
    #expect(told() == "other:1")
  }
}
