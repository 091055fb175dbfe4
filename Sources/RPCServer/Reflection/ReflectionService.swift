import NIOCore
private import ProgLogAPI
import SwiftProtobuf

/// `grpc.reflection.v1.ServerReflection`, and v1alpha, which is the same under another name: tools like grpcurl ask it
/// what services there are and what their messages look like.
package final class ReflectionService: Sendable {
  private static let names = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]

  private let index: DescriptorIndex
  /// Full names, sorted.
  private let services: [String]

  /// - Parameters:
  ///   - descriptorSets: serialised `google.protobuf.FileDescriptorSet`s (protoc's `--descriptor_set_out`); files that
  ///     are in several of them count once.
  ///   - services: full names of what is listed, beside this service itself.
  /// - Throws: what SwiftProtobuf throws for bytes that are no descriptors.
  package init(descriptorSets: [[UInt8]], services: [String]) throws {
    index = try DescriptorIndex(descriptorSets: descriptorSets)
    self.services = (services + Self.names).sorted()
  }

  /// The methods to register with a router.
  package var methods: [RPCMethod] {
    Self.names.map { name in
      RPCMethod("/\(name)/ServerReflectionInfo") { ReflectionCall(call: $0, service: self) }
    }
  }

  /// The answer to one request of the stream. What is not found is an answer too; throws only for what is no request.
  func respond(to message: ByteBuffer) throws(RPCStatus) -> ByteBuffer {
    let request: Grpc_Reflection_V1_ServerReflectionRequest
    do {
      request = try Grpc_Reflection_V1_ServerReflectionRequest(serializedBytes: Array(message.readableBytesView))
    } catch {
      throw RPCStatus(.invalidArgument, "the request is no ServerReflectionRequest: \(error)")
    }
    guard let question = request.messageRequest else {
      throw RPCStatus(.invalidArgument, "the request sets none of the fields of message_request")
    }
    var response = Grpc_Reflection_V1_ServerReflectionResponse()
    response.validHost = request.host
    response.originalRequest = request
    response.messageResponse = answer(question)
    do {
      return ByteBuffer(bytes: try response.serializedBytes() as [UInt8])
    } catch {
      throw RPCStatus(.internal, "the answer cannot be serialised")
    }
  }

  private func answer(
    _ question: Grpc_Reflection_V1_ServerReflectionRequest.OneOf_MessageRequest
  ) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
    switch question {
    case .fileByFilename(let name):
      files(index.file(named: name), "no file is named \"\(name)\"")
    case .fileContainingSymbol(let symbol):
      files(index.file(declaring: symbol), "no file declares \"\(symbol)\"")
    case .fileContainingExtension(let wanted):
      files(
        index.file(extending: wanted.containingType, number: wanted.extensionNumber),
        "no file extends \"\(wanted.containingType)\" by field \(wanted.extensionNumber)")
    case .allExtensionNumbersOfType(let type):
      extensionNumbers(of: type)
    case .listServices:
      .listServicesResponse(
        .with { list in
          list.service = services.map { name in .with { $0.name = name } }
        })
    }
  }

  private func files(
    _ name: String?, _ otherwise: String
  ) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
    guard let name else { return Self.notFound(otherwise) }
    return .fileDescriptorResponse(.with { $0.fileDescriptorProto = index.closure(of: name) })
  }

  private func extensionNumbers(
    of type: String
  ) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
    guard let numbers = index.extensionNumbers(of: type) else {
      return Self.notFound("no message type is named \"\(type)\"")
    }
    return .allExtensionNumbersResponse(
      .with {
        $0.baseTypeName = type
        $0.extensionNumber = numbers
      })
  }

  private static func notFound(
    _ message: String
  ) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
    .errorResponse(
      .with {
        $0.errorCode = Int32(RPCStatus.Code.notFound.rawValue)
        $0.errorMessage = message
      })
  }
}

/// One stream of questions, answered in order.
private final class ReflectionCall: RPCCallHandler {
  private let call: RPCCall
  private let service: ReflectionService

  init(call: RPCCall, service: ReflectionService) {
    self.call = call
    self.service = service
  }

  func receive(_ message: ByteBuffer) {
    do throws(RPCStatus) {
      call.send(try service.respond(to: message))
      if !call.isWritable { call.pauseReading() }
    } catch {
      call.finish(error)
    }
  }

  func receiveEnd() { call.finish(.ok) }

  func writabilityChanged() {
    if call.isWritable { call.resumeReading() }
  }

  func serverIsDraining() { call.finish(RPCStatus(.unavailable, "the server is shutting down")) }
}
