import Certificates
import Synchronization

/// The addresses that callers are told, from a file that may change while the node runs.
///
/// A file that is broken or gone changes nothing: the last good one stays. Before there was a good one, everybody is told what
/// members say themselves: a node that others need does not stay away for the sake of addresses.
package final class ClientAddresses: Sendable {
  /// What came of a look at the file.
  package enum Outcome: Sendable, Hashable {
    /// It is what it was. When it could not be used then, it still cannot, and that was told.
    case unchanged
    case replaced(ClientAddressBook)
    /// What was in force stays. Known already: said again to somebody who asks.
    case failed(ClientAddressError, isNew: Bool)
  }

  private struct State {
    var book = ClientAddressBook()
    /// As it was read last, whether it could be used or not.
    var text: [UInt8]?
    var failure: ClientAddressError?
  }

  private let path: String?
  private let ownHost: String
  private let state = Mutex(State())

  /// - Parameters:
  ///   - path: nil: callers are told what members say themselves.
  ///   - ownHost: of this node, as it says itself.
  package init(path: String?, ownHost: String) {
    self.path = path
    self.ownHost = ownHost
  }

  /// Looks at the file. Blocks on the disk; one call at a time.
  ///
  /// - Parameter isAsked: somebody wants to know, and is told again what is wrong.
  package func reload(isAsked: Bool = false) -> Outcome {
    guard let path else { return .unchanged }
    let text: [UInt8]
    do {
      text = try SmallFile.read(path, limit: ClientAddressBook.maximumFileBytes)
    } catch {
      return failed(ClientAddressError(description: "\(error)"), text: nil, isAsked: isAsked)
    }
    let (isSeen, failure) = state.withLock { ($0.text == text, $0.failure) }
    if isSeen {
      guard let failure, isAsked else { return .unchanged }
      return .failed(failure, isNew: false)
    }
    do throws(ClientAddressError) {
      guard let yaml = String(validating: text, as: UTF8.self) else {
        throw ClientAddressError(description: "it is not UTF-8")
      }
      let book = try ClientAddressBook(yaml: yaml)
      state.withLock { $0 = State(book: book, text: text, failure: nil) }
      return .replaced(book)
    } catch {
      return failed(ClientAddressError(description: "\(path): \(error)"), text: text, isAsked: isAsked)
    }
  }

  private func failed(_ error: ClientAddressError, text: [UInt8]?, isAsked: Bool) -> Outcome {
    state.withLock { state in
      let isNew = state.failure != error
      (state.text, state.failure) = (text, error)
      return isNew || isAsked ? .failed(error, isNew: isNew) : .unchanged
    }
  }

  /// What a caller is told of a member. Any thread.
  ///
  /// - Parameters:
  ///   - registered: as the member says itself.
  ///   - authority: by which the caller reached this node.
  func address(of member: String, registered: String, for authority: String?) -> String {
    state.withLock { $0.book }.address(of: member, registered: registered, for: authority, ownHost: ownHost)
  }

  func hint(_ leader: LeaderHint, for authority: String?) -> LeaderHint {
    LeaderHint(
      id: leader.id, address: leader.address.map { address(of: leader.id, registered: $0, for: authority) })
  }
}

extension ProduceError {
  /// The same, with the leader's address as the caller can use it.
  func addressed(by addresses: ClientAddresses, for authority: String?) -> ProduceError {
    switch self {
    case .notLeader(let leader?): .notLeader(addresses.hint(leader, for: authority))
    case .transferring(let leader): .transferring(to: addresses.hint(leader, for: authority))
    default: self
    }
  }
}
