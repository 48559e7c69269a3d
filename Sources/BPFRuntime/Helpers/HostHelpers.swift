import BPFPlatform

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

  /// `bpf_get_ns_current_pid_tgid`: the process and the thread (`struct bpf_pidns_info`), where device and inode are of the
  /// task's own namespace.
  @unsafe
  func currentThreadAndProcess(
    device: UInt64, inode: UInt64, into target: UInt64, size: UInt64
  ) -> UInt64 {
    let size = Int(UInt32(truncatingIfNeeded: size))
    guard let target = unsafe hostPointer(target) else { return KernelError.invalidArgument.result }
    let task = currentTask()
    guard size == 8, let namespace = task.processNamespace, namespace.device == device,
      namespace.inode == inode
    else {
      // SAFETY: the engine checked that `size` bytes are writable.
      unsafe target.initializeMemory(as: UInt8.self, repeating: 0, count: size)
      return KernelError.invalidArgument.result
    }
    unsafe target.storeBytes(of: task.threadID, as: UInt32.self)
    unsafe target.storeBytes(of: task.processID, toByteOffset: 4, as: UInt32.self)
    return 0
  }

  /// `bpf_get_current_ancestor_cgroup_id`: the group at a level, the root's being 0; 0 where there is none.
  func ancestorCgroupID(at level: UInt64) -> UInt64 {
    let level = Int32(truncatingIfNeeded: level)
    return level >= 0 && Int(level) < cgroupIDs.count ? cgroupIDs[Int(level)] : 0
  }

  /// `bpf_current_task_under_cgroup`. A process has no control groups to put into the map.
  @unsafe
  func currentTaskUnderCgroup(_ map: UInt64, index: UInt64) -> UInt64 {
    unsafe withMap(map, or: KernelError.invalidArgument.result) { map in
      let index = Int(UInt32(truncatingIfNeeded: index))
      let error: KernelError = index < map.spec.maxEntries ? .tryAgain : .tooBig
      return error.result
    }
  }

  private func currentTask() -> TaskIdentity { task ?? .current }
}
