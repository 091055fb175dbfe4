// swift-tools-version: 6.2
// The protoc plug-ins that `make proto` uses, kept apart so that no build of the project compiles them.
import PackageDescription

let package = Package(
  name: "protos",
  dependencies: [
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0", traits: []),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", exact: "2.4.1"),
  ],
  targets: []
)
