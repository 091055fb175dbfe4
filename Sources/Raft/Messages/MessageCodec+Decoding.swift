import CommitLog
package import NIOCore

extension MessageCodec {
  /// Takes one frame from the front of `source`; nil when it is not all there yet. What it holds shares the bytes of `source`,
  /// unless that keeps much more alive than it needs.
  package func decode(_ source: inout ByteBuffer) throws(DecodingError) -> Message? {
    guard let length = source.getInteger(at: source.readerIndex, endianness: .little, as: UInt32.self) else {
      return nil
    }
    guard length > Self.checksumBytes, length <= maximumFrameBytes else {
      throw DecodingError("a frame of \(length) bytes; from 5 to \(maximumFrameBytes) are taken")
    }
    guard source.readableBytes >= Self.lengthBytes + Int(length) else { return nil }
    source.moveReaderIndex(forwardBy: Self.lengthBytes)
    guard let checksum = source.readInteger(endianness: .little, as: UInt32.self),
      var frame = source.readSlice(length: Int(length) - Self.checksumBytes)
    else { preconditionFailure("\(source.readableBytes) readable bytes hold no frame of \(length)") }
    let whole = frame
    let head = Self.readHead(of: &frame)
    // What the checksum does not cover means nothing.
    let headBytes = whole.readableBytesView.prefix(whole.readableBytes - frame.readableBytes)
    guard let head, Self.checksum(of: headBytes) == checksum else {
      throw DecodingError("a frame of \(length) bytes that is damaged, or of a version that this one does not know")
    }
    let message = try Self.complete(head, with: &frame)
    guard frame.readableBytes == 0 else { throw DecodingError("\(frame.readableBytes) bytes too many in a frame") }
    return message
  }

  /// What stands before the batches.
  private enum Head {
    case message(Message)
    case append(AppendRequest, batches: UInt32)
  }

  private static func complete(_ head: Head, with frame: inout ByteBuffer) throws(DecodingError) -> Message {
    switch head {
    case .message(let message): return message
    case .append(var request, let count):
      // No room is reserved for them: the number is a stranger's.
      for _ in 0..<count {
        do throws(BatchError) {
          request.batches.append(try RecordBatch(decoding: &frame).detached())
        } catch {
          throw DecodingError("a damaged batch: \(error)")
        }
      }
      return .appendRequest(request)
    }
  }

  private static func readHead(of frame: inout ByteBuffer) -> Head? {
    guard let kind = frame.readInteger(as: UInt8.self).flatMap(Kind.init), let term = frame.readTerm() else {
      return nil
    }
    switch kind {
    case .appendRequest:
      guard let previous = frame.readEntryID(), let commit = frame.readIndex(),
        let count = frame.readInteger(endianness: .little, as: UInt32.self)
      else { return nil }
      return .append(
        AppendRequest(term: term, previous: previous, commitIndex: commit, batches: []), batches: count)
    default: return readMessage(kind, term, from: &frame).map { .message($0) }
    }
  }

  private static func readMessage(_ kind: Kind, _ term: Term, from frame: inout ByteBuffer) -> Message? {
    switch kind {
    case .voteRequest:
      guard let last = frame.readEntryID(), let flags = frame.readFlags() else { return nil }
      return .voteRequest(VoteRequest(term: term, last: last, isPreVote: flags.0, isTransfer: flags.1))
    case .voteResponse:
      return frame.readFlags().map { .voteResponse(VoteResponse(term: term, isPreVote: $0.0, isGranted: $0.1)) }
    case .appended, .rejected, .staleTerm:
      return readResult(kind, from: &frame).map { .appendResponse(AppendResponse(term: term, result: $0)) }
    case .heartbeat:
      guard let commit = frame.readIndex(), let round = frame.readNumber() else { return nil }
      return .heartbeat(Heartbeat(term: term, commitIndex: commit, round: round))
    case .heartbeatResponse:
      return frame.readNumber().map { .heartbeatResponse(HeartbeatResponse(term: term, round: $0)) }
    case .snapshot: return readSnapshot(from: &frame).map { .snapshot(InstallSnapshot(term: term, snapshot: $0)) }
    case .timeoutNow: return .timeoutNow(TimeoutNow(term: term))
    case .readIndexRequest:
      return frame.readNumber().map { .readIndexRequest(ReadIndexRequest(term: term, id: $0)) }
    case .readIndexResponse:
      guard let id = frame.readNumber(), let flag = frame.readInteger(as: UInt8.self), flag <= 1,
        let index = frame.readIndex(), flag == 1 || index == LogIndex(0)
      else { return nil }
      return .readIndexResponse(ReadIndexResponse(term: term, id: id, index: flag == 1 ? index : nil))
    case .appendRequest: return nil
    }
  }

  private static func readResult(_ kind: Kind, from frame: inout ByteBuffer) -> AppendResponse.Result? {
    switch kind {
    case .appended:
      guard let matched = frame.readIndex(), let flushed = frame.readIndex() else { return nil }
      return .accepted(matched: matched, flushed: FlushedIndex(received: flushed))
    case .rejected:
      guard let previous = frame.readIndex(), let hint = frame.readEntryID() else { return nil }
      return .rejected(previous: previous, hint: hint)
    default: return .staleTerm
    }
  }

  private static func readSnapshot(from frame: inout ByteBuffer) -> Snapshot? {
    guard let next = frame.readIndex(), next >= LogIndex(1), let offset = frame.readNumber(),
      let lastTerm = frame.readTerm(), let index = frame.readIndex(), index < next,
      let encoded = frame.readPart(), let configuration = Configuration(decoding: encoded), let state = frame.readPart()
    else { return nil }
    return Snapshot(
      start: LogEnd(nextIndex: next, nextOffset: Offset(offset), lastTerm: lastTerm),
      configuration: ConfigurationHistory.Entry(index: index, configuration: configuration), state: state)
  }
}

extension ByteBuffer {
  fileprivate mutating func readNumber() -> UInt64? { readInteger(endianness: .little) }
  fileprivate mutating func readTerm() -> Term? { readNumber().map { Term($0) } }
  fileprivate mutating func readIndex() -> LogIndex? { readNumber().map { LogIndex($0) } }

  fileprivate mutating func readEntryID() -> EntryID? {
    guard let index = readIndex(), let term = readTerm() else { return nil }
    return EntryID(index: index, term: term)
  }

  /// Bits 0 and 1; no other is set.
  fileprivate mutating func readFlags() -> (Bool, Bool)? {
    guard let flags = readInteger(as: UInt8.self), flags <= 3 else { return nil }
    return (flags & 1 != 0, flags & 2 != 0)
  }

  /// Length as u32, then so many bytes.
  fileprivate mutating func readPart() -> ByteBuffer? {
    readInteger(endianness: .little, as: UInt32.self).flatMap { readSlice(length: Int($0)) }
  }
}
