public import BPFPlatform

/// What a host gives programs beside what their type does.
public struct HostPlatform: Sendable {
  /// The context of programs of the type ``BPFPlatform/ProgramType/hostDefined``.
  public var context: ContextLayout?
  /// Helpers beside the kernel's.
  public var helpers: HostHelpers

  public init(context: ContextLayout? = nil, helpers: HostHelpers = HostHelpers()) {
    self.context = context
    self.helpers = helpers
  }
}

extension ContextLayout {
  /// The context that programs of a type run on: the host's own where the type says so. Nil where a process has none to give.
  init?(for type: ProgramType, ofHost layout: ContextLayout?) {
    guard let layout = type == .hostDefined ? layout : ContextLayout(for: type) else { return nil }
    self = layout
  }
}
