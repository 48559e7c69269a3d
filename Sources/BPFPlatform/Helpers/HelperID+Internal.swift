// Functions of the runtime that take the place of helpers where it is known which one is needed. Only the rewriter puts calls to
// them into programs; the verifier knows no prototype of them and so accepts none.
extension HelperID {
  /// `bpf_map_lookup_elem` in a hash map of any kind: straight into the table.
  public static let hashMapLookup = HelperID(rawValue: 0x10001)
  /// `bpf_map_lookup_elem` in an LPM trie.
  public static let prefixMapLookup = HelperID(rawValue: 0x10002)

  /// Loads bytes of the packet as legacy packet loads do, for programs that have no context: r2 is the offset, 32 bits, r3 where
  /// they go, r4 how many. Gives 0, or -1 where the packet has no such bytes.
  public static let packetLoad = HelperID(rawValue: 0x10003)

  /// No function, but a barrier: nothing after it runs before all before it is settled, on ways that a processor guesses neither.
  /// It changes no register, `r0` to `r5` neither. Compilers make it one instruction (`lfence`); interpreters do nothing.
  public static let speculationBarrier = HelperID(rawValue: 0x10004)

  /// The first number that a host may give to a helper of its own.
  public static let firstOfHost = HelperID(rawValue: 0x20000)

  /// The name that listings show of a function of the runtime; nil for what is no such function.
  public var internalName: String? {
    switch self {
    case .hashMapLookup: "bpfkit_hash_map_lookup"
    case .prefixMapLookup: "bpfkit_prefix_map_lookup"
    case .packetLoad: "bpfkit_packet_load"
    case .speculationBarrier: "bpfkit_speculation_barrier"
    case _: nil
    }
  }
}
