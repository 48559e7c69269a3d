// What a program asks of the host it runs on: chance, and the task it runs for.

extension ExecutionFrame {
  /// `bpf_get_prandom_u32`: the upper half of a step of xorshift64*, from the state the host set.
  func nextRandom() -> UInt64 {
    // The generator never leaves 0.
    var state = randomState == 0 ? 0x9e37_79b9_7f4a_7c15 : randomState
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    randomState = state
    return (state &* 0x2545_f491_4f6c_dd1d) >> 32
  }

  /// `bpf_get_current_pid_tgid`.
  func currentThreadAndProcess() -> UInt64 {
    let task = currentTask()
    return UInt64(task.processID) << 32 | UInt64(task.threadID)
  }

  /// `bpf_get_current_uid_gid`.
  func currentUserAndGroup() -> UInt64 {
    let task = currentTask()
    return UInt64(task.groupID) << 32 | UInt64(task.userID)
  }

  /// `bpf_get_current_comm`: fills the buffer with the task's name, always ended by a zero, and zeroes after it.
  @unsafe
  func currentName(into buffer: UInt64, size: UInt64) -> UInt64 {
    let count = Int(UInt32(truncatingIfNeeded: size))
    guard count > 0, let target = unsafe hostPointer(buffer) else {
      return KernelError.invalidArgument.result
    }
    let name = Array(currentTask().name.utf8.prefix(min(15, count - 1)))
    // SAFETY: the engine checked that `size` bytes are writable; the name takes fewer.
    unsafe target.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    for (offset, byte) in name.enumerated() {
      unsafe target.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
    }
    return 0
  }

  private func currentTask() -> TaskIdentity { task ?? .current }
}
