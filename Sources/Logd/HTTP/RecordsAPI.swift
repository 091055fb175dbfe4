import Authorization
import CommitLog
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// The HTTP/JSON API: `POST /` appends records, `GET /` reads them, `GET /offsets` finds where to begin.
struct RecordsAPI {
  let log: any RecordLog
  /// nil: everybody may do everything.
  let access: AccessControl?
  let addresses: ClientAddresses

  /// Base64 makes four bytes of three; the rest is room for the JSON around it. A batch of many small records runs into this
  /// limit before it runs into its own.
  private var maximumBodyBytes: Int {
    (max(log.batchLimits.maximumRecordBytes, log.batchLimits.maximumBatchBytes) + 2) / 3 * 4 + 4096
  }

  func addRoutes(to router: Router<APIRequestContext>) {
    router.post("/") { request, context in await answer(.produce, request, context) { try await produce(request) } }
    router.get("/") { request, context in await answer(.consume, request, context) { try await consume(request) } }
    router.get("/offsets") { request, context in
      await answer(.consume, request, context) { try await findOffset(request) }
    }
  }

  private func produce(_ request: Request) async throws -> any Encodable & Sendable {
    let appended = try await log.append(try RecordMessages.produceContents(try await body(request)))
    return RecordMessages.ProduceResponse(offset: appended.place.offset.rawValue, count: appended.count)
  }

  private func consume(_ request: Request) async throws -> any Encodable & Sendable {
    let wanted = try await consumeRequest(request)
    let read = try await log.consume(wanted)
    let records = read.records.map { record in
      RecordMessages.Record(
        value: Data(record.value.readableBytesView).base64EncodedString(), offset: record.offset.rawValue)
    }
    var response = RecordMessages.ConsumeResponse()
    if case .record = wanted.shape { response.record = records.first } else { response.records = records }
    if !wanted.isPlain {
      response.nextOffset = read.next.rawValue
      response.endOffset = read.end.rawValue
    }
    return response
  }

  /// The request comes in the body, as the sources' curl lines send it, or as `?offset=n` for clients whose GET has none.
  private func consumeRequest(_ request: Request) async throws -> ConsumeRequest {
    let parameters = request.uri.queryParameters
    guard let offset = try number("offset", in: parameters, as: UInt64.self) else {
      return try RecordMessages.consumeRequest(try await body(request))
    }
    var wanted = ConsumeRequest(offset: Offset(offset))
    wanted.maximumRecords = try number("max_records", in: parameters) ?? 0
    wanted.maximumBytes = try number("max_bytes", in: parameters) ?? 0
    wanted.waitMilliseconds = try number("wait_milliseconds", in: parameters) ?? 0
    return wanted
  }

  private func number<Number: FixedWidthInteger>(
    _ name: Substring, in parameters: Parameters, as type: Number.Type = UInt32.self
  ) throws -> Number? {
    guard let text = parameters[name] else { return nil }
    guard let number = Number(text) else {
      throw RecordMessages.BadBody(description: "\(name) is no whole number from 0 to \(Number.max): \(text)")
    }
    return number
  }

  private func findOffset(_ request: Request) async throws -> any Encodable & Sendable {
    let found: Offset
    switch request.uri.queryParameters["time"] {
    case nil, "latest"?:
      try await log.confirmEnd()
      found = log.extent.end
    case "earliest"?: found = log.extent.start
    case let text?:
      let time = try RecordMessages.time(String(text))
      var offset = try await log.offset(at: time).get()
      if offset == log.extent.end {
        // A record of that time or later may be on its way here.
        try await log.confirmEnd()
        offset = try await log.offset(at: time).get()
      }
      found = offset
    }
    let extent = log.extent
    return RecordMessages.OffsetsResponse(
      offset: found.rawValue, startOffset: extent.start.rawValue, endOffset: extent.end.rawValue)
  }

  private func body(_ request: Request) async throws -> ByteBuffer {
    do {
      return try await request.body.collect(upTo: maximumBodyBytes)
    } catch is NIOTooManyBytesError {
      throw BodyTooLarge(maximum: maximumBodyBytes)
    }
  }

  private struct BodyTooLarge: Error {
    var maximum: Int
  }

  private func refusal(_ kind: RequestKind, _ context: APIRequestContext) async -> Response? {
    switch await access?.answer(kind, on: context.channel) {
    case nil, .permitted: nil
    case .unauthenticated(let reason): failure(.unauthorized, reason)
    case .denied(let refusal): failure(.forbidden, "\(refusal)")
    case .unknown: failure(.forbidden, "no rule of this server is about this request")
    }
  }

  /// Runs a handler for whom may have it, and makes a JSON answer of what it returns or throws.
  private func answer(
    _ kind: RequestKind, _ request: Request, _ context: APIRequestContext,
    _ handler: () async throws -> any Encodable & Sendable
  ) async -> Response {
    if let refusal = await refusal(kind, context) { return refusal }
    do {
      return response(.ok, try await handler())
    } catch let error as RecordMessages.BadBody {
      return failure(.badRequest, error.description)
    } catch let error as BodyTooLarge {
      return failure(.contentTooLarge, "the body is larger than \(error.maximum) bytes")
    } catch let error as ProduceError {
      let error = error.addressed(by: addresses, for: request.head.authority)
      return failure(status(of: error), error.description, leader: error.leader)
    } catch let error as EndUnconfirmed {
      return failure(.serviceUnavailable, error.description)
    } catch let error as LogError {
      guard case .outOfRange = error else { return failure(.internalServerError, error.description) }
      return failure(.notFound, error.description)
    } catch {
      return failure(.internalServerError, "\(error)")
    }
  }

  private func status(of error: ProduceError) -> HTTPResponse.Status {
    switch error {
    case .recordTooLarge, .batchTooLarge: .contentTooLarge
    case .invalidBatch: .badRequest
    case .overloaded, .shuttingDown, .leadershipLost, .notReady: .serviceUnavailable
    // Sent to a server that cannot answer for the log at the moment (RFC 9110 §15.5.20).
    case .notLeader, .transferring: .misdirectedRequest
    case .producerFenced, .sequenceTooOld, .sequenceGap: .conflict
    case .refused(.noSpace): HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
    case .refused: .internalServerError
    }
  }

  private func failure(_ status: HTTPResponse.Status, _ text: String, leader: LeaderHint? = nil) -> Response {
    let leader = leader.map { RecordMessages.ErrorResponse.Leader(id: $0.id, rpcAddress: $0.address) }
    return response(status, RecordMessages.ErrorResponse(error: text, leader: leader))
  }

  private func response(_ status: HTTPResponse.Status, _ body: any Encodable) -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // A struct of strings and numbers always encodes; the alternative would hide a mistake of ours behind a 500.
    guard let data = try? encoder.encode(body) else { preconditionFailure("\(body) cannot be encoded as JSON") }
    var buffer = ByteBuffer(bytes: data)
    buffer.writeString("\n")
    return Response(
      status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: buffer))
  }
}
