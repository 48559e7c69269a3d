/// The two families of capture file.
public enum CaptureFormat: String, Hashable, Sendable, CaseIterable {
  /// The classic format: one header, one link type, records one after another.
  case pcap
  /// The block format of draft-ietf-opsawg-pcapng: sections, interfaces, options.
  case pcapng
}
