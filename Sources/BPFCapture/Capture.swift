/// A capture file's packets.
public enum CaptureFormat: Sendable {
  case pcap, pcapng
}
