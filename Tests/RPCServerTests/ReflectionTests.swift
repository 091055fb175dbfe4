import NIOCore
import ProgLogAPI
import SwiftProtobuf
import Testing

@testable import RPCServer

@Suite("The reflection service", .timeLimit(.minutes(1)))
struct ReflectionTests {
  private typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
  private typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

  static func service() throws -> ReflectionService {
    let descriptors = try #require(Base64.decode(FileDescriptors.base64))
    return try ReflectionService(descriptorSets: [descriptors, descriptors], services: ["log.v1.Log"])
  }

  private func ask(_ question: Request.OneOf_MessageRequest, of service: ReflectionService) throws -> Response {
    let request = Request.with {
      $0.host = "here"
      $0.messageRequest = question
    }
    let answer = try service.respond(to: ByteBuffer(bytes: try request.serializedBytes() as [UInt8]))
    let response = try Response(serializedBytes: Array(answer.readableBytesView))
    #expect(response.validHost == "here")
    #expect(response.originalRequest == request)
    return response
  }

  private func files(_ response: Response) throws -> [String] {
    try response.fileDescriptorResponse.fileDescriptorProto.map {
      try Google_Protobuf_FileDescriptorProto(serializedBytes: $0).name
    }
  }

  @Test("the services are listed, with reflection itself")
  func list() throws {
    let names = try ask(.listServices(""), of: Self.service()).listServicesResponse.service.map(\.name)
    #expect(
      names == ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "log.v1.Log"])
  }

  @Test(
    "what is declared is found, with what it depends on",
    arguments: [
      ("log.v1.Log", ["log/v1/log.proto"]), ("log.v1.Log.Produce", ["log/v1/log.proto"]),
      ("log.v1.Record", ["log/v1/log.proto"]), ("log.v1.Record.value", ["log/v1/log.proto"]),
      ("google.rpc.Status", ["google/rpc/status.proto", "google/protobuf/any.proto"]),
      ("grpc.health.v1.HealthCheckResponse.ServingStatus", ["grpc/health/v1/health.proto"]),
      ("grpc.health.v1.HealthCheckResponse.SERVING", ["grpc/health/v1/health.proto"]),
      ("grpc.reflection.v1alpha.ServerReflection", ["grpc/reflection/v1alpha/reflection.proto"]),
      ("grpc.reflection.v1.ServerReflectionRequest.message_request", ["grpc/reflection/v1/reflection.proto"]),
    ])
  func symbols(symbol: String, files expected: [String]) throws {
    #expect(try files(ask(.fileContainingSymbol(symbol), of: Self.service())) == expected)
    #expect(try files(ask(.fileByFilename(expected[0]), of: Self.service())) == expected)
  }

  @Test("what is not there is an error in the answer, and the stream goes on")
  func notFound() throws {
    let service = try Self.service()
    let questions: [Request.OneOf_MessageRequest] = [
      .fileByFilename("no.proto"), .fileContainingSymbol("log.v1.Nothing"), .fileContainingSymbol(""),
      .fileContainingExtension(
        .with {
          $0.containingType = "log.v1.Record"
          $0.extensionNumber = 100
        }),
      .allExtensionNumbersOfType("log.v1.Nothing"),
    ]
    for question in questions {
      let response = try ask(question, of: service)
      #expect(response.errorResponse.errorCode == 5, "\(question)")
      #expect(!response.errorResponse.errorMessage.isEmpty)
    }
    let numbers = try ask(.allExtensionNumbersOfType("log.v1.Record"), of: service).allExtensionNumbersResponse
    #expect(numbers.baseTypeName == "log.v1.Record")
    #expect(numbers.extensionNumber.isEmpty)
  }

  @Test("extensions are found by type and number")
  func extensions() throws {
    let file = Google_Protobuf_FileDescriptorProto.with {
      $0.name = "e.proto"
      $0.package = "e"
      $0.messageType = [.with { $0.name = "Extended" }]
      $0.extension = [Int32(7), 5].map { (number: Int32) in
        .with {
          $0.name = "x\(number)"
          $0.extendee = ".e.Extended"
          $0.number = number
        }
      }
    }
    let set = try Google_Protobuf_FileDescriptorSet.with { $0.file = [file] }.serializedBytes() as [UInt8]
    let service = try ReflectionService(descriptorSets: [set], services: [])
    #expect(
      try ask(.allExtensionNumbersOfType("e.Extended"), of: service).allExtensionNumbersResponse.extensionNumber == [
        5, 7,
      ])
    let wanted = Grpc_Reflection_V1_ExtensionRequest.with {
      $0.containingType = "e.Extended"
      $0.extensionNumber = 7
    }
    #expect(try files(ask(.fileContainingExtension(wanted), of: service)) == ["e.proto"])
    #expect(try files(ask(.fileContainingSymbol("e.x5"), of: service)) == ["e.proto"])
  }

  @Test("a request that is none ends the stream with INVALID_ARGUMENT", arguments: [[], [0xFF]] as [[UInt8]])
  func malformed(request: [UInt8]) throws {
    let status = #expect(throws: RPCStatus.self) {
      try Self.service().respond(to: ByteBuffer(bytes: request))
    }
    #expect(status?.code == .invalidArgument)
  }
}
