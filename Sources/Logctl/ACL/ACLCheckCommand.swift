import ArgumentParser
import Authorization

/// Says whether a request would be allowed, and why.
struct ACLCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Says whether a subject may do an action to an object, and why.",
    discussion: """
      Prints the decision, the line of the policy that makes it, and what of the model's matcher holds for that line; \
      or the lines that came nearest to allowing it, and what keeps each from it.

      The subject is the common name of a client's certificate. The object is '*', the log; quote it for the shell. \
      The action is produce, consume or admin.

      Exit code: 0 allowed, 1 denied, 2 the files cannot be used.

      Examples:
        logctl acl check root '*' produce --model model.conf --policy policy.csv
        logctl acl check nobody '*' produce --model model.conf --policy policy.csv || echo denied
      """)

  @Argument(help: ArgumentHelp("Who asks.", valueName: "subject"))
  var subject: String

  @Argument(help: ArgumentHelp("What for: '*' is the log.", valueName: "object"))
  var object: String

  @Argument(help: ArgumentHelp("produce, consume or admin.", valueName: "action"))
  var action: String

  @Option(help: ArgumentHelp("The model, as the server's --acl-model-file.", valueName: "file"))
  var model: String

  @Option(help: ArgumentHelp("The policy, as the server's --acl-policy-file.", valueName: "file"))
  var policy: String

  func run() throws {
    let files: AccessPolicy
    do { files = try PolicyFiles(modelPath: model, policyPath: policy).load() } catch {
      Console.complain("\(error)")
      throw ExitCode(ACLCheckCode.unusable.rawValue)
    }
    let check = ACLCheck(subject: Subject(subject), object: Object(object), action: Action(action), policy: files)
    do { try Console.write(Array(check.text.utf8), to: 1) } catch is OutputClosed {
      // Whoever read the output has enough.
    } catch let error as SystemError {
      Console.complain("\(error)")
      throw ExitCode(ACLCheckCode.unusable.rawValue)
    }
    if !check.explanation.decision.isAllowed { throw ExitCode(ACLCheckCode.denied.rawValue) }
  }
}

/// Exit codes, a promise to scripts. They are this command's own: a denial must not be taken for a failure, nor the
/// other way round.
enum ACLCheckCode: Int32 {
  case denied = 1
  case unusable = 2
}
