/// The order of things in one call: what the client may send, what the server may send, and what each means once the
/// other side is through. The shell carries out the answers.
package struct CallStateMachine: Equatable {
  package enum Request: Equatable {
    case awaitingHeaders
    case open
    case ended
  }

  package enum Response: Equatable {
    case awaitingHeaders
    case open
    /// The handler has finished the call: more from it is a bug.
    case finished
    /// The call was ended under the handler, by the client, the network, a deadline or a limit: what it still sends has
    /// lost a race and is dropped.
    case cancelled
  }

  package enum OnHeaders: Equatable {
    /// The call begins.
    case open
    /// The client's trailers, which gRPC gives no meaning: the request has ended.
    case end
    case ignore
    /// A header block in the middle of a request.
    case reset
  }

  package enum OnData: Equatable {
    case deliver
    case ignore
    case reset
  }

  package enum OnSend: Equatable {
    /// The initial metadata goes out before, unless it has.
    case write(headersFirst: Bool)
    case drop
    case illegal
  }

  package enum OnFinish: Equatable {
    /// `resetsRequest`: the client is still sending, and is told to stop once the answer is out (RFC 9113, 8.1).
    case trailers(resetsRequest: Bool)
    case trailersOnly(resetsRequest: Bool)
    case drop
    case illegal
  }

  package private(set) var request = Request.awaitingHeaders
  package private(set) var response = Response.awaitingHeaders

  package init() {}

  /// Whether what the client sends is still of interest.
  package var deliversRequest: Bool { response == .awaitingHeaders || response == .open }

  package mutating func receiveHeaders(endStream: Bool) -> OnHeaders {
    switch request {
    case .awaitingHeaders:
      request = endStream ? .ended : .open
      return .open
    case .open:
      guard endStream else { return .reset }
      request = .ended
      return deliversRequest ? .end : .ignore
    case .ended:
      return .reset
    }
  }

  package mutating func receiveData(endStream: Bool) -> OnData {
    switch request {
    case .awaitingHeaders, .ended:
      return .reset
    case .open:
      if endStream { request = .ended }
      return deliversRequest ? .deliver : .ignore
    }
  }

  /// The handler sends initial metadata before any message.
  package mutating func sendHeaders() -> OnSend {
    switch response {
    case .awaitingHeaders:
      response = .open
      return .write(headersFirst: true)
    case .open, .finished: return .illegal
    case .cancelled: return .drop
    }
  }

  package mutating func sendMessage() -> OnSend {
    switch response {
    case .awaitingHeaders:
      response = .open
      return .write(headersFirst: true)
    case .open: return .write(headersFirst: false)
    case .finished: return .illegal
    case .cancelled: return .drop
    }
  }

  /// The handler ends the call.
  package mutating func finish() -> OnFinish { end(as: .finished) }

  /// The server ends the call under the handler, with a status that still reaches the client.
  package mutating func fail() -> OnFinish {
    // A finished call has nothing left to fail.
    response == .finished ? .drop : end(as: .cancelled)
  }

  /// The stream is gone. Returns whether the handler must hear of it.
  package mutating func lose() -> Bool {
    defer {
      request = .ended
      if response != .finished { response = .cancelled }
    }
    return request != .awaitingHeaders && deliversRequest
  }

  private mutating func end(as ending: Response) -> OnFinish {
    let resetsRequest = request != .ended
    switch response {
    case .awaitingHeaders:
      response = ending
      return .trailersOnly(resetsRequest: resetsRequest)
    case .open:
      response = ending
      return .trailers(resetsRequest: resetsRequest)
    case .finished: return .illegal
    case .cancelled: return .drop
    }
  }
}
