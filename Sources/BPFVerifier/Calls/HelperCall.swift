import BPFISA
import BPFPlatform

/// A call of a helper, as its arguments are checked.
struct HelperCall {
  let prototype: HelperPrototype
  let arguments: [HelperPrototype.ArgumentKind]
  /// The map given, by index.
  var map: Int?
  /// What the helper is to release.
  var released: UInt32 = 0
  /// The bytes a constant argument asks for.
  var constantSize: UInt64 = 0
  /// What a dynptr given depends on, and whether it may be written.
  var dynptr: Value?
  /// The dynptr to make: where, and of what.
  var newDynptr: Value?
  var newDynptrIsRecord = false
  /// The key given to a lookup in an array, where it is constant.
  var constantKey: UInt64?
  /// Memory the helper fills: which register points to it, and how many bytes.
  var filled: [(register: Register, size: Int)] = []

  init(_ prototype: HelperPrototype, in type: ProgramType) {
    self.prototype = prototype
    arguments = prototype.arguments(in: type)
  }
}
