/// Where passes keep what they need on the stack of a function.
public enum StackRoom: Hashable, Sendable {
  /// Below what the function uses of its 512 bytes, for any engine: where no room is left, or it cannot be told how much, a pass
  /// that needs some throws ``PatchError/stackFull(subprogram:)`` or ``PatchError/stackUseUnknown(subprogram:)``.
  case belowUse
  /// In the bytes below the 512 that ``TargetABI`` gives to passes.
  case reserved
}
