import FoundationEssentials
import NIOCore
import ProgLogAPI
import RPCServer
import SwiftProtobuf

extension FakeLog {
  func methods(of node: Int) -> [RPCMethod] {
    [
      self.unary("Produce", node) { (request: Log_V1_ProduceRequest) in try self.answer(request, node: node) },
      self.unary("Consume", node) { (request: Log_V1_ConsumeRequest) in
        let range = self.state.range
        // As if the time were over at once.
        if request.waitMilliseconds > 0, request.offset == range.upperBound { return Log_V1_ConsumeResponse() }
        return try self.response(at: request.offset)
      },
      self.unary("FindOffset", node) { (request: Log_V1_FindOffsetRequest) in
        let range = self.state.range
        var answer = Log_V1_FindOffsetResponse()
        (answer.startOffset, answer.endOffset) = (range.lowerBound, range.upperBound)
        // A record a second, the first at the second of its offset.
        let (second, rest) = request.timeMicroseconds.quotientAndRemainder(dividingBy: 1_000_000)
        let found = UInt64(clamping: rest > 0 ? second + 1 : second)
        answer.offset = min(max(found, range.lowerBound), range.upperBound)
        return answer
      },
      self.unary("GetServers", node) { (_: Log_V1_GetServersRequest) in self.servers },
      self.failing(
        "ProduceStream", node,
        RPCMethod(Self.path("ProduceStream")) { ProduceStreamCall(log: self, node: node, call: $0) }),
      self.failing(
        "ConsumeStream", node,
        .serverStreaming(Self.path("ConsumeStream")) { self.consumeStream($0, $1, node: node) }),
    ]
  }

  private var servers: Log_V1_GetServersResponse {
    let state = self.state
    var answer = Log_V1_GetServersResponse()
    for (number, address) in state.addresses.enumerated() where !state.unlisted.contains(number) {
      var server = Log_V1_Server()
      server.id = "node-\(number)"
      server.rpcAddr = address
      server.isLeader = state.leader == number
      answer.servers.append(server)
    }
    return answer
  }

  /// Appends what is new, as a leader does.
  fileprivate func answer(_ request: Log_V1_ProduceRequest, node: Int) throws -> Log_V1_ProduceResponse {
    let values = request.hasRecord ? [Array(request.record.value)] : request.records.map { Array($0.value) }
    let result = self.update { state -> Result<Log_V1_ProduceResponse, RPCStatus> in
      guard state.leader == node else { return .failure(Self.notLeader(state.leader.map { state.addresses[$0] })) }
      if values.contains(where: { $0.count > Self.maximumRecordBytes }) {
        return .failure(RPCStatus(.invalidArgument, "too large", reason: "RECORD_TOO_LARGE", [:]))
      }
      var answer = Log_V1_ProduceResponse()
      answer.count = request.hasRecord ? 0 : UInt32(values.count)
      switch state.verdict(on: request.producer, count: values.count) {
      case .failure(let status): return .failure(status)
      case .success(let offset?):
        (answer.offset, answer.isDuplicate) = (offset, true)
        state.duplicates += 1
      case .success(nil):
        answer.offset = state.range.upperBound
        state.values += values
        if !request.hasRecord { state.batches += 1 }
      }
      if state.lostAnswers > 0 {
        state.lostAnswers -= 1
        return .failure(Self.goingAway)
      }
      return .success(answer)
    }
    return try result.get()
  }

  /// Larger records are refused.
  static let maximumRecordBytes = 1 << 20

  static func notLeader(_ leader: String?) -> RPCStatus {
    RPCStatus(
      .failedPrecondition, "not the leader", reason: "NOT_LEADER",
      leader.map { ["leader_id": "l", "leader_rpc_addr": $0] } ?? [:])
  }

  static let goingAway = RPCStatus(.unavailable, "going away")

  private static func path(_ method: String) -> String { "/log.v1.Log/\(method)" }

  /// Counts the calls of a method, and fails those that are ordered to.
  private func failing(_ name: String, _ node: Int, _ method: RPCMethod) -> RPCMethod {
    RPCMethod(method.path) { call in
      let failure: RPCStatus? = self.update { state in
        state.calls[name, default: 0] += 1
        state.callsOfNodes["\(name)@\(node)", default: 0] += 1
        if state.down.contains(node) { return Self.goingAway }
        guard let failures = state.failures[name], let first = failures.first else { return nil }
        state.failures[name] = Array(failures.dropFirst())
        return first
      }
      if let failure { call.finish(failure) }
      return method.makeHandler(call)
    }
  }

  private func unary<Request: SwiftProtobuf.Message, Response: SwiftProtobuf.Message>(
    _ name: String, _ node: Int, _ answer: @escaping @Sendable (Request) throws -> Response
  ) -> RPCMethod {
    let method = RPCMethod.unary(Self.path(name)) { bytes, call in
      self.onEveryChange {
        guard !call.isEnded else { return true }
        guard !self.state.isSilent, !self.state.silent.contains(node) else { return false }
        do {
          call.respond(try ByteBuffer(answer(Request(bytes))))
        } catch {
          call.finish(RPCStatus(error))
        }
        return true
      }
    }
    return self.failing(name, node, method)
  }

  private func consumeStream(_ bytes: ByteBuffer, _ call: RPCCall, node: Int) {
    let request: Log_V1_ConsumeRequest
    do {
      request = try Log_V1_ConsumeRequest(bytes)
    } catch {
      return call.finish(RPCStatus(error))
    }
    var next = request.offset
    var sent = 0
    let step: Step = {
      if !call.isEnded, self.state.down.contains(node) { call.finish(Self.goingAway) }
      if self.state.silent.contains(node) { return call.isEnded }
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
  private let node: Int
  private let call: RPCCall
  private var received = 0
  private var unanswered: [Log_V1_ProduceResponse] = []
  private var requestHasEnded = false

  init(log: FakeLog, node: Int, call: RPCCall) {
    self.log = log
    self.node = node
    self.call = call
    log.onEveryChange { self.answer() }
  }

  func receive(_ message: ByteBuffer) {
    // As a server that hangs: what it has not read is not in the log.
    guard !self.call.isEnded, !self.log.state.silent.contains(self.node) else { return }
    do {
      self.unanswered.append(try self.log.answer(try Log_V1_ProduceRequest(message), node: self.node))
    } catch {
      // Those before the one that fails are answered first.
      _ = self.answer()
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
    guard !self.log.state.holdsAnswers, !self.log.state.silent.contains(self.node) else { return false }
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

extension FakeLog.State {
  /// As a leader decides by what it remembers: the offset of a batch that is there; `nil`: it is the next one.
  mutating func verdict(on stamp: Log_V1_Producer, count: Int) -> Result<UInt64?, RPCStatus> {
    guard stamp.id != 0 else { return .success(nil) }
    var producer = self.producers[stamp.id] ?? FakeProducer(epoch: stamp.epoch)
    if stamp.epoch < producer.epoch {
      return .failure(RPCStatus(.failedPrecondition, "fenced", reason: "PRODUCER_FENCED", [:]))
    }
    if stamp.epoch > producer.epoch { producer = FakeProducer(epoch: stamp.epoch) }
    if let offset = producer.batches[stamp.sequence] { return .success(offset) }
    guard stamp.sequence == producer.next else {
      return .failure(RPCStatus(.aborted, "gap", reason: "SEQUENCE_GAP", ["expected": "\(producer.next)"]))
    }
    producer.batches[stamp.sequence] = self.range.upperBound
    producer.next += UInt64(count)
    self.producers[stamp.id] = producer
    return .success(nil)
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
