extension ProgLogSpec.ServiceSettings {
  init(_ reader: SpecReader, otherwise type: ProgLogSpec.AccessType) throws(InvalidSpec) {
    self.type = try reader.choice("type") ?? type
    annotations = try reader.annotations("annotations")
    labels = try reader.labels("labels")
    loadBalancerSourceRanges = try reader.texts(
      "loadBalancerSourceRanges", most: 64, longest: 49, allowed: "a range of addresses such as 203.0.113.0/24",
      where: Syntax.isCIDR)
    loadBalancerClass = try reader.string(
      "loadBalancerClass", longest: 253, allowed: "the name of a class such as example.com/internal",
      where: Syntax.isKey)
  }
}
