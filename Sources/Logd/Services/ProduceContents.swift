import CommitLog
import NIOCore

/// What one request asks to append.
enum ProduceContents: Equatable {
  case record(ByteBuffer)
  /// Values for one batch.
  case records([ByteBuffer])
  /// Values for one batch of a producer that numbers its records. One value alone is answered as one `record` is.
  case numbered([ByteBuffer], Producer, isSingle: Bool)
  /// One batch as its producer encoded it; not looked at yet.
  case batch(ByteBuffer)
}

extension RecordLog {
  /// Appends what a request asks for. Both closures run on `eventLoop`.
  ///
  /// - Parameters:
  ///   - handedOver: runs once the log has the contents or has refused them: what is appended from then on comes after them.
  ///     Mostly at once; later for a compressed batch, which is decompressed to look into it.
  ///   - completion: gets how many records were appended, when the contents were more than one `record`, and where.
  func append(
    _ contents: ProduceContents, handedOver: @escaping () -> Void = {},
    completion: @escaping (Result<AppendedRecords, ProduceError>) -> Void
  ) {
    switch contents {
    case .record(let value):
      produce(value) { completion($0.map { AppendedRecords(place: $0, count: nil) }) }
      handedOver()
    case .records(let values):
      do throws(ProduceError) {
        produce(try ProducerBatch(values, limits: batchLimits, now: .now), completion)
      } catch {
        completion(.failure(error))
      }
      handedOver()
    case .numbered(let values, let producer, let isSingle):
      do throws(ProduceError) {
        let batch = try ProducerBatch(values, producer: producer, limits: batchLimits, now: .now)
        produce(batch) { completion($0.map { AppendedRecords(place: $0, count: isSingle ? nil : batch.count) }) }
      } catch {
        completion(.failure(error))
      }
      handedOver()
    case .batch(let bytes):
      admit(bytes) { result in
        switch result {
        case .success(let batch): self.produce(batch, completion)
        case .failure(let error): completion(.failure(error))
        }
        handedOver()
      }
    }
  }

  private func produce(
    _ batch: ProducerBatch, _ completion: @escaping (Result<AppendedRecords, ProduceError>) -> Void
  ) {
    produce(batch) { completion($0.map { AppendedRecords(place: $0, count: batch.count) }) }
  }

  /// `append` for async code.
  func append(_ contents: ProduceContents) async throws -> AppendedRecords {
    try await eventLoop.flatSubmit {
      let promise = self.eventLoop.makePromise(of: AppendedRecords.self)
      self.append(contents) { promise.completeWith($0.mapError { $0 }) }
      return promise.futureResult
    }.get()
  }
}

/// Where the contents of a request went.
struct AppendedRecords: Sendable, Equatable {
  /// The first record's.
  var place: ProducedRecord
  /// nil for a request of one `record`, whose answer is what it was before there were batches.
  var count: UInt32?
}
