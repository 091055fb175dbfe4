import CommitLog
import Logging
import NIOCore
import ProgLogAPI
import RPCServer
import Raft
import SwiftProtobuf

/// `log.v1.Log`, served on the event loop that owns the log.
struct LogService: Sendable {
  static let name = "log.v1.Log"

  let log: any RecordLog
  let addresses: ClientAddresses
  /// The members as they say themselves; called on the log's event loop.
  let servers: @Sendable () -> [Log_V1_Server]

  var methods: [RPCMethod] {
    [
      .unary("/\(Self.name)/Produce", produce),
      .unary("/\(Self.name)/Consume", consume),
      .serverStreaming("/\(Self.name)/ConsumeStream", consumeStream),
      RPCMethod("/\(Self.name)/ProduceStream") { ProduceStreamHandler(log: log, addresses: addresses, call: $0) },
      .unary("/\(Self.name)/GetServers", getServers),
      .unary("/\(Self.name)/FindOffset", findOffset),
    ]
  }

  @Sendable private func produce(_ request: ByteBuffer, _ call: RPCCall) {
    let contents: ProduceContents
    do {
      contents = try LogMessages.decodeProduceRequest(request)
    } catch {
      return call.finish(.malformed(error))
    }
    log.append(contents) { result in
      // A call that its client gave up may still have been written; nobody is there to be told.
      guard !call.isEnded else { return }
      switch result {
      case .success(let appended):
        call.send(appended)
        call.finish(.ok)
      case .failure(let error): call.finish(RPCStatus(error.addressed(by: addresses, for: call.authority)))
      }
    }
  }

  @Sendable private func consume(_ request: ByteBuffer, _ call: RPCCall) {
    startConsuming(.unary, request, call)
  }

  @Sendable private func consumeStream(_ request: ByteBuffer, _ call: RPCCall) {
    startConsuming(.stream, request, call)
  }

  private func startConsuming(_ kind: ConsumeCall.Kind, _ request: ByteBuffer, _ call: RPCCall) {
    do {
      ConsumeCall(kind, log: log, call: call, request: try LogMessages.decodeConsumeRequest(request)).start()
    } catch {
      call.finish(.malformed(error))
    }
  }

  @Sendable private func findOffset(_ request: ByteBuffer, _ call: RPCCall) {
    let place: Log_V1_FindOffsetRequest.OneOf_Place?
    do {
      place = try Log_V1_FindOffsetRequest(serializedBytes: Array(request.readableBytesView)).place
    } catch {
      return call.finish(RPCStatus(.invalidArgument, "the request is malformed: \(error)"))
    }
    switch place {
    case .earliest(true): respond(found: log.extent.start, call)
    case .latest(true): confirmEnd(call) { respond(found: log.extent.end, call) }
    case .timeMicroseconds(let time):
      log.offset(at: Timestamp(microseconds: time)).assumeIsolated().whenComplete { result in
        guard !call.isEnded else { return }
        switch result {
        // A record of that time or later may be on its way here.
        case .success(let offset) where offset == log.extent.end:
          confirmEnd(call) { findAgain(after: time, call) }
        case .success(let offset): respond(found: offset, call)
        case .failure(let error):
          call.finish(.timeNotFound(time, error))
        }
      }
    case .earliest(false), .latest(false), nil:
      call.finish(
        RPCStatus(.invalidArgument, "the place is missing: set time_microseconds, or earliest or latest to true"))
    }
  }

  private func findAgain(after time: Int64, _ call: RPCCall) {
    log.offset(at: Timestamp(microseconds: time)).assumeIsolated().whenComplete { result in
      guard !call.isEnded else { return }
      switch result {
      case .success(let offset): respond(found: offset, call)
      case .failure(let error): call.finish(.timeNotFound(time, error))
      }
    }
  }

  /// Goes on once the log's end here is not behind what was acknowledged before the call.
  private func confirmEnd(_ call: RPCCall, _ next: @escaping () -> Void) {
    log.confirmEnd { result in
      guard !call.isEnded else { return }
      switch result {
      case .success: next()
      case .failure(let error): call.finish(RPCStatus(error))
      }
    }
  }

  private func respond(found offset: Offset, _ call: RPCCall) {
    let extent = log.extent
    var response = Log_V1_FindOffsetResponse()
    response.offset = offset.rawValue
    response.startOffset = extent.start.rawValue
    response.endOffset = extent.end.rawValue
    call.respond(with: response)
  }

  @Sendable private func getServers(_ request: ByteBuffer, _ call: RPCCall) {
    var response = Log_V1_GetServersResponse()
    response.servers = servers().map { server in
      var server = server
      server.rpcAddr = addresses.address(of: server.id, registered: server.rpcAddr, for: call.authority)
      return server
    }
    call.respond(with: response)
  }
}

extension NodeStatus {
  /// The members as clients know them.
  var servers: [Log_V1_Server] {
    (configuration?.members ?? []).map { member in
      var server = Log_V1_Server()
      server.id = member.peer.id.name
      server.rpcAddr = member.address
      server.isLeader = member.peer == raft.role.leader
      return server
    }
  }
}

extension RPCCall {
  func send(_ appended: AppendedRecords) {
    send(capacity: LogMessages.maximumOverheadBytes) { buffer in
      guard let count = appended.count else {
        return LogMessages.writeProduceResponse(
          offset: appended.place.offset, isDuplicate: appended.place.isDuplicate, to: &buffer)
      }
      LogMessages.writeProduceResponse(
        offset: appended.place.offset, count: count, term: appended.place.term,
        isDuplicate: appended.place.isDuplicate, to: &buffer)
    }
  }
}
