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
    ]
  }

  @Sendable private func produce(_ request: ByteBuffer, _ call: RPCCall) {
    let value: ByteBuffer
    do {
      value = try LogMessages.decodeProduceRequest(request)
    } catch {
      return call.finish(.malformed(error))
    }
    log.produce(value) { result in
      // A call that its client gave up may still have been written; nobody is there to be told.
      guard !call.isEnded else { return }
      switch result {
      case .success(let produced):
        call.send(produced)
        call.finish(.ok)
      case .failure(let error): call.finish(RPCStatus(error))
      }
    }
  }

  @Sendable private func consume(_ request: ByteBuffer, _ call: RPCCall) {
    let offset: Offset
    do {
      offset = try LogMessages.decodeConsumeRequest(request)
    } catch {
      return call.finish(.malformed(error))
    }
    let extent = log.extent
    guard extent.contains(offset) else { return call.finish(.outOfRange(offset, extent)) }
    log.read(from: offset, maximumBytes: 1).assumeIsolated().whenComplete { result in
      guard !call.isEnded else { return }
      do {
        let found = try LocatedRecord(at: offset, in: try result.get())
        call.send(found.record, term: found.term)
        call.finish(.ok)
      } catch {
        call.finish(.readFailure(error, offset))
      }
    }
  }

  @Sendable private func consumeStream(_ request: ByteBuffer, _ call: RPCCall) {
    do {
      let offset = try LogMessages.decodeConsumeRequest(request)
      ConsumeStream(log: log, call: call, from: offset).start()
    } catch {
      call.finish(.malformed(error))
    }
  }

  @Sendable private func getServers(_ request: ByteBuffer, _ call: RPCCall) {
    var server = Log_V1_Server()
    server.id = nodeName
    server.rpcAddr = advertisedAddress.text
    server.isLeader = true  // A single node leads itself.
    var response = Log_V1_GetServersResponse()
    response.servers = [server]
    do {
      call.respond(ByteBuffer(bytes: try response.serializedBytes() as [UInt8]))
    } catch {
      call.finish(RPCStatus(.internal, "the answer could not be encoded: \(error)"))
    }
  }
}

extension RPCCall {
  func send(_ produced: ProducedRecord) {
    send(capacity: LogMessages.maximumOverheadBytes) {
      LogMessages.writeProduceResponse(offset: produced.offset, to: &$0)
    }
  }

  func send(_ record: CommitLog.Record, term: Term) {
    send(capacity: LogMessages.maximumOverheadBytes + record.value.readableBytes) {
      LogMessages.writeConsumeResponse(value: record.value, offset: record.offset, term: term, to: &$0)
    }
  }
}
