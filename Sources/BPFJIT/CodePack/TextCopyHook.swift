/// How code gets to where it runs: the one part of code packs that depends on the machine.
///
/// A hook copies bytes to a code address, knows the instruction that fills what is not in use, and makes processors forget what
/// they may have fetched from chunks that had other code before.
///
/// On Linux the copy is one write(2) to the file in memory that backs a pack, which the process has mapped for reading and
/// execution only. So there is never a writable mapping of code, not even for the time of a copy: code that can be made to
/// write anywhere in memory cannot write there. A writable view that is mapped for one copy and unmapped again would
/// take ten times as long, and one that stays would be what such an attack looks for. So one way serves every hardening policy. Running
/// out of memory is an error of the call too, where a write through a mapping would end the process.
public struct TextCopyHook: Sendable {
  enum Support: Sendable {
    case supported(TextCopy)
    case unsupported(reason: String)
  }

  let support: Support

  /// The hook for the machine that this is built for. There is one for x86-64 on Linux; elsewhere it is
  /// ``unsupported(reason:)``.
  public static var `default`: TextCopyHook {
    #if os(Linux) && arch(x86_64)
    TextCopyHook(support: .supported(.x86_64))
    #elseif os(Linux)
    unsupported(reason: "there is no text-copy primitive for this processor")
    #else
    unsupported(reason: "there is no text-copy primitive for this operating system")
    #endif
  }

  /// A hook for platforms without one: every allocation fails with the reason.
  public static func unsupported(reason: String) -> TextCopyHook {
    TextCopyHook(support: .unsupported(reason: reason))
  }
}
