import CBPFShims

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The task a program runs for, as `bpf_get_current_pid_tgid` and its kin tell it.
public struct TaskIdentity: Hashable, Sendable {
  /// The process: what the kernel calls a thread group.
  public var processID: UInt32
  public var threadID: UInt32
  public var userID: UInt32
  public var groupID: UInt32
  /// The thread's name, of which programs see at most 15 bytes.
  public var name: String
  /// The process namespace, by the device and inode of its file; nil where programs are not told it.
  public var processNamespace: ProcessNamespace?

  /// A process namespace, as `stat` of `/proc/self/ns/pid` tells it.
  public struct ProcessNamespace: Hashable, Sendable {
    public var device: UInt64
    public var inode: UInt64

    public init(device: UInt64, inode: UInt64) {
      self.device = device
      self.inode = inode
    }
  }

  public init(
    processID: UInt32, threadID: UInt32, userID: UInt32, groupID: UInt32, name: String
  ) {
    self.processID = processID
    self.threadID = threadID
    self.userID = userID
    self.groupID = groupID
    self.name = name
  }

  /// The calling thread.
  public static var current: TaskIdentity {
    var name = [CChar](repeating: 0, count: 16)
    // SAFETY: the buffer has the 16 bytes a thread's name takes at most, its zero included.
    unsafe bpfkit_thread_name(&name)
    let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return TaskIdentity(
      processID: UInt32(bitPattern: getpid()), threadID: bpfkit_thread_id(), userID: getuid(),
      groupID: getgid(), name: String(decoding: bytes, as: UTF8.self))
  }
}
