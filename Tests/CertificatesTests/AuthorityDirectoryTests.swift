import Foundation
import TestSupport
import Testing
import X509

@testable import Certificates

@Suite struct AuthorityDirectoryTests {
  private let temporary: TemporaryDirectory
  private let directory: AuthorityDirectory

  init() throws {
    temporary = try TemporaryDirectory()
    directory = AuthorityDirectory(temporary.file("certs"))
  }

  private func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
  }

  private var names: [String] { get throws { try SmallFile.names(in: directory.path) } }

  @Test("keys are for their owner only, and nothing else is left behind")
  func modes() throws {
    _ = try directory.create(name: "Ours", now: Fixture.now)
    _ = try directory.issue(Fixture.request(.node, "n1"), now: Fixture.now)
    #expect(try names == ["ca-key.pem", "ca.pem", "n1-key.pem", "n1.pem"])
    #expect(try mode(directory.path) == 0o700)
    for name in try names {
      #expect(try mode("\(directory.path)/\(name)") == (name.hasSuffix("-key.pem") ? 0o600 : 0o644))
    }
  }

  @Test("nothing is overwritten unasked")
  func overwriting() throws {
    let first = try directory.create(name: "Ours", now: Fixture.now)
    #expect(throws: AuthorityError.exists(directory: directory.path)) {
      try directory.create(name: "Ours", now: Fixture.now)
    }
    let leaf = try directory.issue(Fixture.request(.client, "root"), now: Fixture.now)
    #expect(throws: AuthorityError.file(FileError(path: leaf.files.key, problem: .exists))) {
      try directory.issue(Fixture.request(.client, "root"), now: Fixture.now)
    }
    #expect(try AuthorityDirectory.leaf(leaf.files.certificate) == leaf.certificate)
    #expect(try directory.authority().certificate == first.certificate)

    _ = try directory.issue(Fixture.request(.client, "root"), now: Fixture.now, overwrites: true)
    #expect(try AuthorityDirectory.leaf(leaf.files.certificate) != leaf.certificate)
    let second = try directory.create(name: "Ours", now: Fixture.now, overwrites: true)
    #expect(try directory.authority().certificate == second.certificate)
    #expect(try directory.trust().authorities == [second.certificate])
  }

  @Test("half an authority is not made whole by another one", arguments: ["ca.pem", "ca-key.pem"])
  func half(missing: String) throws {
    _ = try directory.create(name: "Ours", now: Fixture.now)
    try FileManager.default.removeItem(atPath: "\(directory.path)/\(missing)")
    let left = try names
    #expect(throws: AuthorityError.exists(directory: directory.path)) {
      try directory.create(name: "Ours", now: Fixture.now)
    }
    #expect(try names == left)
    #expect(throws: AuthorityError.self) { try directory.authority() }
  }

  @Test("without an authority the error says how to make one")
  func none() {
    #expect(throws: AuthorityError.none(directory: directory.path)) {
      try directory.issue(Fixture.request(.client), now: Fixture.now)
    }
  }

  @Test("renewal keeps the names, and makes key and dates anew", arguments: CertificateProfile.allCases)
  func renewal(profile: CertificateProfile) throws {
    _ = try directory.create(name: "Ours", now: Fixture.now)
    let old = try directory.issue(Fixture.request(profile, "x", lifetime: .seconds(30 * Fixture.day)), now: Fixture.now)
    #expect(try directory.renew(old.files, now: Fixture.now + 19 * Fixture.day) == nil)
    let later = Fixture.now + 21 * Fixture.day
    let new = try #require(try directory.renew(old.files, now: later))
    #expect(try AuthorityDirectory.leaf(old.files.certificate) == new)
    #expect(try CertificateRequest(renewing: new) == CertificateRequest(renewing: old.certificate))
    #expect(new.notValidAfter == later + 30 * Fixture.day)
    #expect(new.publicKey != old.certificate.publicKey)
    let key = try CertificateFiles.privateKey(old.files.key)
    #expect(key.publicKey == new.publicKey)
    #expect(try directory.renew(old.files, now: later) == nil)
    #expect(try directory.renew(old.files, lifetime: .seconds(60), now: later, isForced: true) != nil)
  }

  @Test("a certificate that its authority's end had cut short gets a whole life from the next one")
  func cutShort() throws {
    let start = Fixture.now - (3653 - 9) * Fixture.day
    _ = try directory.create(name: "Old", now: start)
    let leaf = try directory.issue(Fixture.request(.client, "x"), now: Fixture.now)
    #expect(leaf.certificate.notValidAfter == Fixture.now + 9 * Fixture.day)
    _ = try directory.startRoll(name: "New", now: Fixture.now)
    _ = try directory.switchRoll()
    let new = try #require(try directory.renew(leaf.files, now: Fixture.now))
    #expect(new.notValidAfter == Fixture.now + 90 * Fixture.day)
  }

  @Test("a roll goes through its stages, and each can be done once")
  func roll() throws {
    let old = try directory.create(name: "Ours", now: Fixture.now)
    let leaf = try directory.issue(Fixture.request(.node, "n1"), now: Fixture.now)
    #expect(directory.rollStage() == .none)
    #expect(throws: AuthorityError.wrongStage(.none)) { try directory.switchRoll() }

    let new = try directory.startRoll(name: "Ours", now: Fixture.now)
    #expect(directory.rollStage() == .trusted)
    #expect(try directory.trust().authorities == [old.certificate, new.certificate])
    #expect(try directory.authority().certificate == old.certificate)
    #expect(try directory.renew(leaf.files, now: Fixture.now) == nil)
    #expect(throws: AuthorityError.wrongStage(.trusted)) {
      try directory.startRoll(name: "Ours", now: Fixture.now)
    }
    #expect(throws: AuthorityError.wrongStage(.trusted)) { try directory.finishRoll() }

    _ = try directory.switchRoll()
    #expect(directory.rollStage() == .signing)
    #expect(try directory.trust().authorities == [old.certificate, new.certificate])
    #expect(try directory.authority().certificate == new.certificate)
    #expect(throws: AuthorityError.stillInUse(by: [leaf.files.certificate])) { try directory.finishRoll() }
    // Not due by its dates, but by its authority.
    #expect(try directory.renew(leaf.files, now: Fixture.now) != nil)

    _ = try directory.finishRoll()
    #expect(directory.rollStage() == .none)
    #expect(try directory.trust().authorities == [new.certificate])
    #expect(try names == ["ca-key.pem", "ca.pem", "n1-key.pem", "n1.pem"])
  }

  @Test("a roll that has not switched can be taken back")
  func abort() throws {
    let old = try directory.create(name: "Ours", now: Fixture.now)
    _ = try directory.startRoll(name: "Ours", now: Fixture.now)
    try directory.abortRoll()
    #expect(directory.rollStage() == .none)
    #expect(try directory.trust().authorities == [old.certificate])
    #expect(try names == ["ca-key.pem", "ca.pem"])
  }

  @Test("a roll that was interrupted between two of its writes goes on")
  func interrupted() throws {
    let old = try directory.create(name: "Ours", now: Fixture.now)
    // The bundle was written, and the new key was not.
    _ = try directory.startRoll(name: "Ours", now: Fixture.now)
    try FileManager.default.removeItem(atPath: directory.nextKeyPath)
    let new = try directory.startRoll(name: "Ours", now: Fixture.now)
    #expect(try directory.trust().authorities == [old.certificate, new.certificate])
    // The old key was linked, and the new one was not moved.
    try SmallFile.link(directory.keyPath, as: directory.previousKeyPath)
    #expect(try directory.authority().certificate == old.certificate)
    _ = try directory.switchRoll()
    #expect(try directory.authority().certificate == new.certificate)
    #expect(try CertificateFiles.privateKey(directory.previousKeyPath) == old.privateKey)
  }
}
