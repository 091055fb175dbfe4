import ProgLogAPI

/// Who sends, under which of its numberings. A server that has seen a stamp answers it again instead of appending again.
struct ProducerIdentity: Sendable, Hashable {
  /// Not 0, which stands for no producer.
  private(set) var id: UInt64
  private(set) var epoch: UInt16

  init(id: UInt64 = .random(in: 1 ... .max), epoch: UInt16 = 0) {
    self.id = id
    self.epoch = epoch
  }

  /// Begins a numbering anew, which ends the one before.
  var next: ProducerIdentity {
    self.epoch == .max ? ProducerIdentity() : ProducerIdentity(id: self.id, epoch: self.epoch + 1)
  }

  func message(sequence: UInt64) -> Log_V1_Producer {
    var message = Log_V1_Producer()
    message.id = self.id
    message.epoch = UInt32(self.epoch)
    message.sequence = sequence
    return message
  }
}
