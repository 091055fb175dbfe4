import FoundationEssentials
import NIOCore
import ProgLogAPI
import RPCServer
import SwiftProtobuf

extension FakeLog {
  var methods: [RPCMethod] {
    [
      self.unary("Produce") { (request: Log_V1_ProduceRequest) in self.answer(request) },
      self.unary("Consume") { (request: Log_V1_ConsumeRequest) in
        let range = self.state.range
        // As if the time were over at once.
        if request.waitMilliseconds > 0, request.offset == range.upperBound { return Log_V1_ConsumeResponse() }
        return try self.response(at: request.offset)
      },
      self.unary("FindOffset") { (request: Log_V1_FindOffsetRequest) in
        let range = self.state.range
        var answer = Log_V1_FindOffsetResponse()
        // A record a second, the first at the second of its offset.
        let (second, rest) = request.timeMicroseconds.quotientAndRemainder(dividingBy: 1_000_000)
        let found = UInt64(clamping: rest > 0 ? second + 1 : second)
        answer.offset = min(max(found, range.lowerBound), range.upperBound)
        return answer
      },
      self.unary("GetServers") { (_: Log_V1_GetServersRequest) in
        var server = Log_V1_Server()
        server.id = "node-0"
        server.rpcAddr = "127.0.0.1:8400"
        server.isLeader = true
        var answer = Log_V1_GetServersResponse()
        answer.servers = [server]
        return answer
      },
      self.failing("ProduceStream", RPCMethod(Self.path("ProduceStream")) { ProduceStreamCall(log: self, call: $0) }),
      self.failing("ConsumeStream", .serverStreaming(Self.path("ConsumeStream"), self.consumeStream)),
    ]
  }

  fileprivate func answer(_ request: Log_V1_ProduceRequest) -> Log_V1_ProduceResponse {
    var answer = Log_V1_ProduceResponse()
    if request.hasRecord {
      answer.offset = self.append(request.record.value)
    } else {
      answer.offset = self.append(request.records.map { Array($0.value) })
      answer.count = UInt32(request.records.count)
      self.update { $0.batches += 1 }
    }
    return answer
  }

  static let goingAway = RPCStatus(.unavailable, "going away")

  private static func path(_ method: String) -> String { "/log.v1.Log/\(method)" }

  /// Counts the calls of a method, and fails those that are ordered to.
  private func failing(_ name: String, _ method: RPCMethod) -> RPCMethod {
    RPCMethod(method.path) { call in
      let failure: RPCStatus? = self.update { state in
        state.calls[name, default: 0] += 1
        guard let failures = state.failures[name], let first = failures.first else { return nil }
        state.failures[name] = Array(failures.dropFirst())
        return first
      }
      if let failure { call.finish(failure) }
      return method.makeHandler(call)
    }
  }

  private func unary<Request: SwiftProtobuf.Message, Response: SwiftProtobuf.Message>(
    _ name: String, _ answer: @escaping @Sendable (Request) throws -> Response
  ) -> RPCMethod {
    let method = RPCMethod.unary(Self.path(name)) { bytes, call in
      self.onEveryChange {
        guard !call.isEnded else { return true }
        guard !self.state.isSilent else { return false }
        do {
          call.respond(try ByteBuffer(answer(Request(bytes))))
        } catch {
          call.finish(RPCStatus(error))
        }
        return true
      }
    }
    return self.failing(name, method)
  }

  @Sendable private func consumeStream(_ bytes: ByteBuffer, _ call: RPCCall) {
    let request: Log_V1_ConsumeRequest
    do {
      request = try Log_V1_ConsumeRequest(bytes)
    } catch {
      return call.finish(RPCStatus(error))
    }
    var next = request.offset
    var sent = 0
    let step: Step = {
      while !call.isEnded, call.isWritable, next != self.state.range.upperBound {
        do {
          let response = try self.response(at: next, limits: request)
          call.send(try ByteBuffer(response))
          next += UInt64(max(response.records.count, 1))
          self.update { $0.sent += 1 }
        } catch {
          call.finish(RPCStatus(error))
          break
        }
        sent += 1
        if self.breaks(after: sent) { call.finish(Self.goingAway) }
      }
      return call.isEnded
    }
    call.onWritabilityChange = { _ = step() }
    call.onCancel = { reason in
      switch reason {
      case .clientReset, .connectionLost: self.update { $0.cancelled += 1 }
      case .deadlineExceeded, .serverShuttingDown, .failed: break
      }
    }
    self.onEveryChange(step)
  }

  private func response(at offset: UInt64) throws -> Log_V1_ConsumeResponse {
    let state = self.state
    guard state.range.contains(offset) else {
      throw RPCStatus(
        .outOfRange, "offset \(offset) is outside of the log",
        reason: "OFFSET_OUT_OF_RANGE",
        [
          "requested": "\(offset)", "start": "\(state.range.lowerBound)", "end": "\(state.range.upperBound)",
        ])
    }
    var response = Log_V1_ConsumeResponse()
    response.record.offset = offset
    response.record.term = 3
    response.record.value = Data(state.values[Int(offset - state.start)])
    return response
  }
}

extension FakeLog {
  /// As many records as the request allows, two at most.
  private func response(at offset: UInt64, limits: Log_V1_ConsumeRequest) throws -> Log_V1_ConsumeResponse {
    let first = try self.response(at: offset)
    if limits.maxBytes == 0 || self.state.knowsOnlyRecords { return first }
    var response = Log_V1_ConsumeResponse()
    response.records = [first.record]
    if limits.maxRecords > 1, offset + 1 < self.state.range.upperBound {
      response.records.append(try self.response(at: offset + 1).record)
    }
    return response
  }
}

/// One ProduceStream call.
private final class ProduceStreamCall: RPCCallHandler {
  private let log: FakeLog
  private let call: RPCCall
  private var received = 0
  private var unanswered: [Log_V1_ProduceResponse] = []
  private var requestHasEnded = false

  init(log: FakeLog, call: RPCCall) {
    self.log = log
    self.call = call
    log.onEveryChange { self.answer() }
  }

  func receive(_ message: ByteBuffer) {
    do {
      self.unanswered.append(self.log.answer(try Log_V1_ProduceRequest(message)))
    } catch {
      return self.call.finish(RPCStatus(error))
    }
    self.received += 1
    self.log.update { $0.received += 1 }
    if self.log.breaks(after: self.received) { self.call.finish(FakeLog.goingAway) }
  }

  func receiveEnd() {
    self.requestHasEnded = true
    _ = self.answer()
  }

  /// A step: answers what has come, as the log's state allows.
  private func answer() -> Bool {
    guard !self.call.isEnded else { return true }
    guard !self.log.state.holdsAnswers else { return false }
    for answer in self.unanswered {
      do {
        self.call.send(try ByteBuffer(answer))
      } catch {
        self.call.finish(RPCStatus(error))
        return true
      }
    }
    self.unanswered = []
    if self.requestHasEnded { self.call.finish(.ok) }
    return self.call.isEnded
  }
}

extension RPCStatus {
  init(_ code: Code, _ message: String, reason: String, _ metadata: [String: String]) {
    var info = Google_Rpc_ErrorInfo()
    info.reason = reason
    info.domain = "proglog.io"
    info.metadata = metadata
    self.init(code, message, details: [info])
  }

  fileprivate init(_ error: any Error) {
    self = error as? RPCStatus ?? RPCStatus(.internal, "\(error)")
  }
}

extension ByteBuffer {
  fileprivate init(_ message: some SwiftProtobuf.Message) throws {
    self.init(bytes: try message.serializedBytes() as [UInt8])
  }
}

extension SwiftProtobuf.Message {
  fileprivate init(_ bytes: ByteBuffer) throws {
    try self.init(serializedBytes: Array(bytes.readableBytesView))
  }
}
