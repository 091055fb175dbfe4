/// What the first byte of a message of memberlist says (its `net.go`).
enum MemberlistType: UInt8 {
  case ping = 0
  case indirectPing = 1
  case ack = 2
  case suspect = 3
  case alive = 4
  case dead = 5
  case pushPull = 6
  case compound = 7
  case user = 8
  case compressed = 9
  case encrypted = 10
  case nack = 11
  case checksummed = 12
  case error = 13
  case labelled = 244
}
