import BPFPlatform
extension Map {
  @safe struct ValueMemory {
    var base: UnsafeMutableRawPointer; var stride: Int; var valueSize: Int; var count: Int;
    var isReadOnlyForPrograms: Bool; var isWriteOnlyForPrograms: Bool
  }
  var valueMemory: ValueMemory? { nil }
  func program(at: UInt32) -> LoadedProgram? { nil }
}
