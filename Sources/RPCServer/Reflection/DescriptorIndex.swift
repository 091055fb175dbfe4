package import FoundationEssentials
private import SwiftProtobuf

/// Descriptors of .proto files, by name and by what they declare.
package struct DescriptorIndex: Sendable {
  private struct File {
    /// A serialised `google.protobuf.FileDescriptorProto`.
    var bytes: Data
    var dependencies: [String]
  }

  private var files: [String: File] = [:]
  /// File names by the full names of services, methods, types, fields and values.
  private var declarations: [String: String] = [:]
  /// File names by the numbers of extensions, by the full names of the types they extend; empty for other types.
  private var extensions: [String: [Int32: String]] = [:]

  /// Takes serialised `google.protobuf.FileDescriptorSet`s.
  package init(descriptorSets: [[UInt8]]) throws {
    for bytes in descriptorSets {
      for file in try Google_Protobuf_FileDescriptorSet(serializedBytes: bytes).file where files[file.name] == nil {
        files[file.name] = File(bytes: try file.serializedBytes(), dependencies: file.dependency)
        declare(file)
      }
    }
  }

  package func file(named name: String) -> String? { files[name] == nil ? nil : name }

  package func file(declaring symbol: String) -> String? { declarations[symbol] }

  package func file(extending type: String, number: Int32) -> String? { extensions[type]?[number] }

  /// Numbers of all extensions of `type`, in order; `nil` if there is no such type.
  package func extensionNumbers(of type: String) -> [Int32]? { extensions[type].map { $0.keys.sorted() } }

  /// The file called `name` and everything that it depends on, each once, `name` first.
  package func closure(of name: String) -> [Data] {
    var names = [name]
    var seen: Set<String> = [name]
    var next = 0
    while next < names.count {
      for dependency in files[names[next]]?.dependencies ?? [] where seen.insert(dependency).inserted {
        names.append(dependency)
      }
      next += 1
    }
    return names.compactMap { files[$0]?.bytes }
  }

  private mutating func declare(_ file: Google_Protobuf_FileDescriptorProto) {
    let scope = file.package.isEmpty ? "" : file.package + "."
    for message in file.messageType { declare(message, in: scope, file.name) }
    for enumeration in file.enumType { declare(enumeration, in: scope, file.name) }
    for field in file.extension { declareExtension(field, in: scope, file.name) }
    for service in file.service {
      declarations[scope + service.name] = file.name
      for method in service.method { declarations["\(scope)\(service.name).\(method.name)"] = file.name }
    }
  }

  private mutating func declare(_ message: Google_Protobuf_DescriptorProto, in scope: String, _ file: String) {
    let name = scope + message.name
    declarations[name] = file
    if extensions[name] == nil { extensions[name] = [:] }
    let inner = name + "."
    for field in message.field { declarations[inner + field.name] = file }
    for oneof in message.oneofDecl { declarations[inner + oneof.name] = file }
    for field in message.extension { declareExtension(field, in: inner, file) }
    for nested in message.nestedType { declare(nested, in: inner, file) }
    for enumeration in message.enumType { declare(enumeration, in: inner, file) }
  }

  private mutating func declare(_ enumeration: Google_Protobuf_EnumDescriptorProto, in scope: String, _ file: String) {
    declarations[scope + enumeration.name] = file
    // Values live beside their type, as in C++.
    for value in enumeration.value { declarations[scope + value.name] = file }
  }

  private mutating func declareExtension(
    _ field: Google_Protobuf_FieldDescriptorProto, in scope: String, _ file: String
  ) {
    declarations[scope + field.name] = file
    // The name of the extended type comes with a leading dot.
    let type = field.extendee.hasPrefix(".") ? String(field.extendee.dropFirst()) : field.extendee
    extensions[type, default: [:]][field.number] = file
  }
}
