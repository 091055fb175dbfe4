import Foundation
import TestSupport
import Testing

@testable import Certificates

@Suite struct SmallFileTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test("a file is written as a whole, with its mode, and no other is left")
  func write() throws {
    let path = directory.file("a")
    for mode in [SmallFile.Mode.secret, .shared] {
      try SmallFile.write("\(mode)", to: path, mode, overwrites: true)
      #expect(try SmallFile.read(path) == Array("\(mode)".utf8))
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? NSNumber == NSNumber(value: mode.rawValue))
    }
    #expect(throws: FileError(path: path, problem: .exists)) {
      try SmallFile.write("other", to: path, .secret, overwrites: false)
    }
    #expect(try SmallFile.read(path) == Array("shared".utf8))
    #expect(try SmallFile.names(in: directory.path) == ["a"])
  }

  @Test("errors name the file and what is wrong with it")
  func errors() throws {
    let cases: [(String, String)] = [
      (directory.file("none"), "cannot open it: no such file or directory"),
      (directory.path, "cannot read it: is a directory"),
    ]
    for (path, message) in cases {
      let error = #expect(throws: FileError.self) { try SmallFile.read(path) }
      #expect(error?.description == "\(path): \(message)")
    }
    let path = directory.file("long")
    try SmallFile.write("12345", to: path, .shared, overwrites: false)
    #expect(try SmallFile.read(path, limit: 5).count == 5)
    #expect(throws: FileError(path: path, problem: .tooLong(limit: 4))) { try SmallFile.read(path, limit: 4) }
    #expect(throws: FileError.self) {
      try SmallFile.write("", to: directory.file("none/a"), .shared, overwrites: false)
    }
  }

  @Test("the directory of a path", arguments: [("a", "."), ("a/b", "a"), ("/a", "/"), ("/a/b", "/a")])
  func directories(path: String, directory: String) { #expect(SmallFile.directory(of: path) == directory) }
}
