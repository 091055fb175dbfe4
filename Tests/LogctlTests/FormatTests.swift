import ProgLogAPI
import ProgLogClient
import Testing

@testable import Logctl

@Suite("logctl's output")
struct FormatTests {
  @Test(
    "a record is printed as asked",
    arguments: [
      (.text, "a\"b/c", "a\"b/c\n"), (.raw, "a\nb", "a\nb"), (.base64, "Let's Go", "TGV0J3MgR28=\n"),
      (.offsetValue, "v", "7\tv\n"), (.json, "a\"b/c\n", #"{"offset":7,"term":2,"value":"a\"b/c\n"}"# + "\n"),
      (.json, "", #"{"offset":7,"term":2,"value":""}"# + "\n"),
    ] as [(RecordFormat, String, String)])
  func records(format: RecordFormat, value: String, expected: String) throws {
    let bytes = try format.bytes(of: Record(offset: 7, value: Array(value.utf8), term: 2))
    #expect(String(decoding: bytes, as: UTF8.self) == expected)
  }

  @Test("bytes that are not UTF-8 pass unchanged, and are base64 in JSON")
  func binary() throws {
    let record = Record(offset: 0, value: [0xFF, 0x00, 0x0A], term: 1)
    #expect(try RecordFormat.raw.bytes(of: record) == [0xFF, 0x00, 0x0A])
    #expect(try RecordFormat.text.bytes(of: record) == [0xFF, 0x00, 0x0A, 0x0A])
    let json = String(decoding: try RecordFormat.json.bytes(of: record), as: UTF8.self)
    #expect(json == #"{"offset":0,"term":1,"value_base64":"/wAK"}"# + "\n")
  }

  @Test("offsets are printed as asked")
  func offsets() {
    #expect(ProduceCommand.Format.text.line(offset: 3) == "3\n")
    #expect(ProduceCommand.Format.json.line(offset: 3) == "{\"offset\":3}\n")
  }

  @Test("the log's offsets are two lines, that of a time is one")
  func logOffsets() {
    #expect(OffsetsCommand.text(3..<12, found: nil) == "earliest  3\nlatest    12\n")
    #expect(OffsetsCommand.text(3..<12, found: 7) == "7\n")
  }

  @Test("servers stand in columns, and the leader is marked")
  func servers() {
    let table = ServersCommand.table([
      ClusterServer(id: "log-0", address: "127.0.0.1:8400", isLeader: true),
      ClusterServer(id: "log-10", address: "a:1", isLeader: false),
    ])
    #expect(
      table == """
        ID      ADDRESS         ROLE
        log-0   127.0.0.1:8400  leader
        log-10  a:1             follower

        """)
  }

  @Test(
    "sizes have a unit that fits",
    arguments: [
      (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (1_550, "1.5 kB"), (999_999, "999.9 kB"), (20_000_000, "20.0 MB"),
      (3_000_000_000_000, "3.0 TB"), (5_000_000_000_000_000, "5000.0 TB"),
    ])
  func sizes(bytes: Int, expected: String) {
    #expect(ProduceProgress.size(bytes) == expected)
  }

  @Test("progress tells durable records, their rate and the bytes sent")
  func progress() {
    let line = ProduceProgress.line(records: 12, bytes: 3_000, elapsed: .seconds(2))
    #expect(line == "12 records, 6/s, 3.0 kB sent")
  }

  @Test(
    "each failure has its exit code",
    arguments: [
      (.unreachable(address: "a:1", cause: "x"), 3), (.unavailable(address: "a:1", cause: "x"), 3),
      (.deadlineExceeded(waitingFor: "a:1", timeout: .seconds(1)), 3), (.outOfRange(requested: 1, range: nil), 4),
      (.outcomeUnknown(records: 1, cause: "x"), 5), (.notLeader(address: "a:1", leader: nil), 1),
      (.protocolViolation("x"), 1), (.invalidAddress("x", reason: "y"), 1),
    ] as [(ProgLogError, Int32)])
  func exitCodes(error: ProgLogError, code: Int32) {
    #expect(FailureCode(error).rawValue == code)
  }

  @Test(
    "so has each failure of administration",
    arguments: [
      (.failed(.unreachable(address: "a:1", cause: "x")), 3), (.notLeader(address: "a:1", leader: nil), 1),
      (.outcomeUnknown(address: "a:1", cause: "x"), 5),
      (.refused(.init(address: "a:1", reason: .lastVoter, code: "FAILED_PRECONDITION", message: "x")), 1),
    ] as [(AdminError, Int32)])
  func administrationExitCodes(error: AdminError, code: Int32) {
    #expect(FailureCode(error).rawValue == code)
  }

  @Test("any other error is a plain failure")
  func otherErrors() {
    #expect(FailureCode(SystemError(action: "cannot open x", code: 2)).rawValue == 1)
    #expect(SystemError(action: "cannot open x", code: 2).description == "cannot open x: no such file or directory")
  }
}
