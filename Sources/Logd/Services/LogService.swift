import CommitLog
import Logging
import NIOCore
import ProgLogAPI
import RPCServer
import SwiftProtobuf

/// `log.v1.Log`, served on the event loop that owns the log.
struct LogService: Sendable {
  static let name = "log.v1.Log"

  let log: any RecordLog
  let nodeName: String
  /// Where clients reach this node: what GetServers tells them.
  let advertisedAddress: AdvertisedAddress

  var methods: [RPCMethod] {
    [
      .unary("/\(Self.name)/Produce", produce),
      .unary("/\(Self.name)/Consume", consume),
      .serverStreaming("/\(Self.name)/ConsumeStream", consumeStream),
      RPCMethod("/\(Self.name)/ProduceStream") { ProduceStreamHandler(log: log, call: $0) },
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
      case .failure(let error): call.finish(RPCStatus(error))
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
    case .latest(true): respond(found: log.extent.end, call)
    case .timeMicroseconds(let time):
      log.offset(at: Timestamp(microseconds: time)).assumeIsolated().whenComplete { result in
        guard !call.isEnded else { return }
        switch result {
        case .success(let offset): respond(found: offset, call)
        case .failure(let error):
          call.finish(RPCStatus(.unavailable, "the offset at time \(time) could not be found: \(error)"))
        }
      }
    case .earliest(false), .latest(false), nil:
      call.finish(
        RPCStatus(.invalidArgument, "the place is missing: set time_microseconds, or earliest or latest to true"))
    }
  }

  private func respond(found offset: Offset, _ call: RPCCall) {
    let extent = log.extent
    var response = Log_V1_FindOffsetResponse()
    response.offset = offset.rawValue
    response.startOffset = extent.start.rawValue
    response.endOffset = extent.end.rawValue
    respond(response, call)
  }

  @Sendable private func getServers(_ request: ByteBuffer, _ call: RPCCall) {
    var server = Log_V1_Server()
    server.id = nodeName
    server.rpcAddr = advertisedAddress.text
    server.isLeader = true  // A single node leads itself.
    var response = Log_V1_GetServersResponse()
    response.servers = [server]
    respond(response, call)
  }

  private func respond(_ response: some SwiftProtobuf.Message, _ call: RPCCall) {
    do {
      call.respond(ByteBuffer(bytes: try response.serializedBytes() as [UInt8]))
    } catch {
      call.finish(RPCStatus(.internal, "the answer could not be encoded: \(error)"))
    }
  }
}

extension RPCCall {
  func send(_ appended: AppendedRecords) {
    send(capacity: LogMessages.maximumOverheadBytes) { buffer in
      guard let count = appended.count else {
        return LogMessages.writeProduceResponse(offset: appended.place.offset, to: &buffer)
      }
      LogMessages.writeProduceResponse(
        offset: appended.place.offset, count: count, term: appended.place.term, to: &buffer)
    }
  }
}
