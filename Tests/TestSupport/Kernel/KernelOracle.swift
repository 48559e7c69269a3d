import BPFISA
import BPFPlatform
import CBPFShims
import Glibc

/// The running kernel as the judge of what programs do: the same bytes loaded through bpf(2) and run with
/// BPF_PROG_TEST_RUN. Nothing is ever attached, pinned or configured.
public enum KernelOracle {
  /// Why the kernel cannot be asked here, or nil if it can.
  public static let unavailableReason: String? = {
    do {
      let slots = [
        RawInstruction(opcode: 0xb7), RawInstruction(opcode: 0x95),
      ]
      let program = try Program(name: "probe", slots: slots)
      _ = try KernelProgram(program, type: .socketFilter, maps: [])
      return nil
    } catch {
      return "the kernel does not let this process load BPF programs (\(error))"
    }
  }()

  /// Whether the kernel can be asked here.
  public static var isAvailable: Bool { unavailableReason == nil }

  /// What to print beside a test that asks the kernel.
  public static var comment: String { unavailableReason ?? "the kernel can be asked" }

  /// The number of slots the kernel gives a per-CPU map.
  public static let possibleProcessors: Int = {
    guard let file = unsafe fopen("/sys/devices/system/cpu/possible", "r") else { return 1 }
    defer { unsafe fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = unsafe fread(&buffer, 1, buffer.count, file)
    let text = String(decoding: buffer[..<count], as: UTF8.self)
    let last = text.split { !$0.isNumber }.compactMap { Int($0) }.max() ?? 0
    return last + 1
  }()

  /// Runs `body` on the first processor, so that per-CPU maps use slot 0; on whichever it is where that is not allowed.
  public static func onFirstProcessor<Result>(_ body: () throws -> Result) rethrows -> Result {
    let isPinned = bpfkit_pin_thread(0) == 0
    defer { if isPinned { _ = bpfkit_pin_thread(-1) } }
    return try body()
  }
}
