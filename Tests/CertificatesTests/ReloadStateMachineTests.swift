import Crypto
import Testing

@testable import Certificates

/// When a wrong set of files is told, and when it is looked into.
@Suite struct ReloadStateMachineTests {
  enum Event: Sendable {
    /// The set that is in use.
    case same
    /// Another one that is good, or is wrong in one of two ways, or cannot be read.
    case good
    case wrong(ReloadTrigger = .poll)
    case wrongElse
    case unreadable(ReloadTrigger = .poll)
  }

  static let cases: [(String, [(Event, String)])] = [
    ("nothing happens", [(.same, "unchanged"), (.same, "unchanged")]),
    ("a good set is loaded", [(.good, "load"), (.same, "unchanged")]),
    ("a wrong set settles, is told once", [(.wrong(), "settling"), (.wrong(), "failed"), (.wrong(), "unchanged")]),
    ("a half-written set becomes a good one", [(.wrong(), "settling"), (.good, "load")]),
    ("a half-written set is taken back", [(.wrong(), "settling"), (.same, "unchanged"), (.wrong(), "settling")]),
    (
      "another wrong set is told too",
      [(.wrong(), "settling"), (.wrong(), "failed"), (.wrongElse, "settling"), (.wrongElse, "failed")]
    ),
    ("who asks is told", [(.wrong(.asked), "failed"), (.wrong(), "unchanged"), (.wrong(.asked), "failed")]),
    ("who asks in between is told", [(.wrong(), "settling"), (.wrong(.asked), "failed"), (.wrong(), "unchanged")]),
    (
      "files that cannot be read",
      [(.unreadable(), "settling"), (.unreadable(), "failed"), (.unreadable(), "unchanged"), (.wrong(), "settling")]
    ),
    ("after a good set all begins anew", [(.wrong(.asked), "failed"), (.good, "load"), (.wrong(), "settling")]),
  ]

  @Test("a wrong set is told once, when it stays", arguments: cases)
  func transcripts(name: String, steps: [(Event, String)]) {
    func digest(_ text: String) -> SHA256Digest { SHA256.hash(data: Array(text.utf8)) }
    func error(_ code: Int32) -> TLSMaterialError {
      TLSMaterialError(source: "f", problem: .file(.system(action: "open it", code: code)))
    }
    var inUse = digest("in use")
    var machine = ReloadStateMachine(loaded: inUse)
    for (number, step) in steps.enumerated() {
      let (digest, trigger, error): (SHA256Digest?, ReloadTrigger, TLSMaterialError?) =
        switch step.0 {
        case .same: (inUse, .poll, nil)
        case .good: (digest("good \(number)"), .poll, nil)
        case .wrong(let trigger): (digest("wrong"), trigger, error(1))
        case .wrongElse: (digest("wrong, too"), .poll, error(1))
        case .unreadable(let trigger): (nil, trigger, error(2))
        }
      let seen: String
      if let digest, !machine.isWorthLoading(digest) {
        seen = "unchanged"
      } else if let error {
        switch machine.failed(error, of: digest, trigger) {
        case .unchanged: seen = "unchanged"
        case .settling: seen = "settling"
        case .failed: seen = "failed"
        case .replaced: seen = "replaced"
        }
      } else {
        if let digest { inUse = digest }
        machine.loaded(inUse)
        seen = "load"
      }
      #expect(seen == step.1, "step \(number + 1) of '\(name)'")
    }
  }
}
