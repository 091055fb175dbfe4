import CommitLog
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// The HTTP/JSON API: `POST /` appends a record, `GET /` reads one.
struct RecordsAPI {
  let log: any RecordLog
  /// The largest value that the log takes, in bytes.
  let maximumRecordBytes: Int

  /// Base64 makes four bytes of three; the rest is room for the JSON around it.
  private var maximumBodyBytes: Int { (maximumRecordBytes + 2) / 3 * 4 + 4096 }

  func addRoutes(to router: Router<BasicRequestContext>) {
    router.post("/") { request, _ in await answer { try await produce(request) } }
    router.get("/") { request, _ in await answer { try await consume(request) } }
  }

  private func produce(_ request: Request) async throws -> any Encodable & Sendable {
    let value = try RecordMessages.produceValue(try await body(request))
    let produced = try await log.produce(ByteBuffer(bytes: value))
    return RecordMessages.ProduceResponse(offset: produced.offset.rawValue)
  }

  /// The offset comes in the body, as the sources' curl lines send it, or as `?offset=n` for clients whose GET has none.
  private func consume(_ request: Request) async throws -> any Encodable & Sendable {
    let offset: UInt64
    if let text = request.uri.queryParameters["offset"] {
      guard let number = UInt64(text) else {
        throw RecordMessages.BadBody(description: "offset is no whole number from 0 on: \(text)")
      }
      offset = number
    } else {
      offset = try RecordMessages.consumeOffset(try await body(request))
    }
    let record = try await log.record(at: Offset(offset)).record
    let value = Data(record.value.readableBytesView).base64EncodedString()
    return RecordMessages.ConsumeResponse(record: .init(value: value, offset: offset))
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

  /// Runs a handler and makes a JSON answer of what it returns or throws.
  private func answer(_ handler: () async throws -> any Encodable & Sendable) async -> Response {
    do {
      return response(.ok, try await handler())
    } catch let error as RecordMessages.BadBody {
      return failure(.badRequest, error.description)
    } catch let error as BodyTooLarge {
      return failure(.contentTooLarge, "the body is larger than \(error.maximum) bytes")
    } catch let error as ProduceError {
      return failure(status(of: error), error.description)
    } catch let error as LogError {
      guard case .outOfRange = error else { return failure(.internalServerError, error.description) }
      return failure(.notFound, error.description)
    } catch {
      return failure(.internalServerError, "\(error)")
    }
  }

  private func status(of error: ProduceError) -> HTTPResponse.Status {
    switch error {
    case .recordTooLarge: .contentTooLarge
    case .overloaded, .shuttingDown: .serviceUnavailable
    case .refused(.noSpace): HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
    case .refused: .internalServerError
    }
  }

  private func failure(_ status: HTTPResponse.Status, _ text: String) -> Response {
    response(status, RecordMessages.ErrorResponse(error: text))
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
