import FuzzDriver

// libFuzzer has the main function and calls these two.

@c(LLVMFuzzerInitialize)
func initialize(count: UnsafeMutablePointer<Int32>, arguments: UnsafeMutablePointer<Arguments>) -> Int32 {
  Fuzzer.start(with: gossipTargets, &count.pointee, &arguments.pointee)
  return 0
}

@c(LLVMFuzzerTestOneInput)
func testOneInput(data: UnsafePointer<UInt8>?, size: Int) -> Int32 {
  Fuzzer.run(UnsafeBufferPointer(start: data, count: size))
  return 0
}
