extension ProgLogSpec.Storage {
  init(_ reader: SpecReader) throws(InvalidSpec) {
    size =
      try reader.string("size", longest: 32, allowed: "a quantity of bytes such as 500Mi or 10Gi") {
        Quantity($0).map { $0.isWhole && $0.isPositive } ?? false
      } ?? size
    storageClassName = try reader.string(
      "storageClassName", longest: 253, allowed: "the name of a storage class (a-z, 0-9, - and .)",
      where: Syntax.isObjectName)
    let retention = try reader.object("retention")
    whenDeleted = try retention.choice("whenDeleted") ?? whenDeleted
    whenScaled = try retention.choice("whenScaled") ?? whenScaled
  }
}
