import Dispatch
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Logd

@Suite("Peers: names of hosts")
struct HostLookupTests {
  private static let name = HostPort(host: "a.example", port: 1)
  private static let other = HostPort(host: "b.example", port: 1)

  @Test("a question that is on its way is not asked again; an answered one is")
  func shared() async throws {
    let asked = Mutex<[HostPort]>([])
    let gate = DispatchSemaphore(value: 0)
    let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
    try await withLoop { group in
      let loop = group.next()
      let lookup = try await loop.submit {
        NIOLoopBound(
          HostLookup(eventLoop: loop) { target in
            asked.withLock { $0.append(target) }
            gate.wait()
            return [address]
          }, eventLoop: loop)
      }.get()
      let ask = { (target: HostPort) in try await loop.submit { lookup.value.addresses(of: target) }.get() }
      let answers = [try await ask(Self.name), try await ask(Self.name), try await ask(Self.other)]
      try await eventually("both names are asked for") { asked.withLock { $0.count } == 2 ? true : nil }
      gate.signal()
      gate.signal()
      for answer in answers { #expect(try await answer.get() == [address]) }
      #expect(asked.withLock { Set($0) } == [Self.name, Self.other])
      let later = try await ask(Self.name)
      gate.signal()
      #expect(try await later.get() == [address])
      #expect(asked.withLock { $0.count } == 3)
    }
  }

  @Test("stopped, it waits for nobody, and an answer that comes later does no harm")
  func stopped() async throws {
    let gate = DispatchSemaphore(value: 0)
    let isDone = Mutex(false)
    try await withLoop { group in
      let loop = group.next()
      let answer = try await loop.submit {
        let lookup = HostLookup(eventLoop: loop) { _ in
          gate.wait()
          isDone.withLock { $0 = true }
          return []
        }
        let answer = lookup.addresses(of: Self.name)
        lookup.stop()
        return answer
      }.get()
      await #expect(throws: CancellationError.self) { try await answer.get() }
    }
    gate.signal()
    try await eventually("the answer came") { isDone.withLock { $0 } ? true : nil }
  }

  @Test("numbers and this machine resolve; what is no name does not")
  func resolves() throws {
    let addresses = try HostLookup.resolve(HostPort(host: "localhost", port: 8400))
    #expect(!addresses.isEmpty)
    #expect(addresses.allSatisfy { $0.port == 8400 })
    #expect(throws: LookupError.self) { try HostLookup.resolve(HostPort(host: "no-such-host.invalid", port: 1)) }
  }
}
