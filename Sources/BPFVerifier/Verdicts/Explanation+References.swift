import BPFISA

// Problems of what has to be given back, of loops, and limits.
extension Rejection.Explanation {
  static func unreleased(_ place: String) -> Self {
    Self(
      "what was acquired at \(place) is not released where the path ends",
      reason: "A record, a socket or their like that is never given back is lost for good",
      suggestion:
        "Release it on every path, errors too: bpf_ringbuf_submit or bpf_ringbuf_discard for a record, bpf_sk_release for a socket"
    )
  }

  static var notAcquired: Self {
    Self(
      "what is released was not acquired by the program, or was released before",
      reason: "Each reference is given back once, by whoever acquired it",
      suggestion: "Release only what a reserve or lookup helper returned, once on each path")
  }

  static var releasedInCallback: Self {
    Self(
      "the callback releases what was acquired outside of it",
      reason: "The callback may run many times, or not at all",
      suggestion: "Release it after the helper that runs the callback")
  }

  static func tooManyReferences(_ limit: Int) -> Self {
    Self(
      "more than \(limit) references are held at one time",
      reason: "So many are kept track of",
      suggestion: "Release some before acquiring others")
  }

  static func dynptrBytes(_ offset: Int) -> Self {
    Self(
      "the stack at offset \(offset) is part of a dynptr",
      reason: "Its bytes are an address and a length that only helpers change",
      suggestion:
        "Use the dynptr through helpers (bpf_dynptr_read, bpf_dynptr_write, bpf_dynptr_data)")
  }

  static var dynptrOverwritten: Self {
    Self(
      "a dynptr that holds a record is overwritten",
      reason: "The record could not be submitted or discarded any more",
      suggestion:
        "Submit or discard it first (bpf_ringbuf_submit_dynptr, bpf_ringbuf_discard_dynptr)")
  }

  static var callWhileLocked: Self {
    Self(
      "a call is made while a spin lock is held",
      reason: "Others wait for the lock, and a second one could be waited for without end",
      suggestion: "Call bpf_spin_unlock first; between lock and unlock only read and write memory")
  }

  static var lockNotHeld: Self {
    Self(
      "a spin lock is given back that the program does not hold",
      reason: "Someone else may hold it",
      suggestion:
        "Unlock the lock of the same value, through the pointer that was locked, once on each path")
  }

  static var lockHeldAtExit: Self {
    Self(
      "the path ends with a spin lock held",
      reason: "Others would wait for it without end",
      suggestion: "Call bpf_spin_unlock on every path before it returns")
  }

  // MARK: Loops and limits

  static var infiniteLoop: Self {
    Self(
      "the path comes back to this instruction with nothing changed",
      reason: "It would go round without end",
      suggestion:
        "Let each round change what the loop's condition looks at, towards its end; for loops whose end is not known, use bpf_loop or may_goto"
    )
  }

  static func tooManyInstructions(_ limit: Int, _ place: String?) -> Self {
    tooComplex("more than \(limit) instructions were processed over all paths", place)
  }

  static func tooManyStates(_ limit: Int, _ place: String?) -> Self {
    tooComplex("more than \(limit) states were kept", place)
  }

  static func tooManyPendingBranches(_ limit: Int, _ place: String?) -> Self {
    tooComplex("more than \(limit) branches wait to be followed", place)
  }

  static func tooMuchMemory(_ limit: Int, _ place: String?) -> Self {
    tooComplex("the states of the program's paths take more than \(limit) bytes", place)
  }

  private static func tooComplex(_ problem: String, _ place: String?) -> Self {
    Self(
      problem + (place.map { "; most in \($0)" } ?? ""),
      reason:
        "Paths are followed until they end or come to a state that was seen; here they stay too different, or too many",
      suggestion:
        "Bound the loop by a smaller constant, take its body out with bpf_loop, or split the program with tail calls; bpfkit verify --cost shows where the work goes"
    )
  }

  static func unsupported(_ name: String) -> Self {
    Self(
      "the program uses what is not supported: \(name)",
      reason:
        "Nothing is known to be wrong with the program; what cannot be checked is not accepted",
      suggestion:
        "Leave it out, or run the program in the checked interpreter (bpfkit run --unverified), which checks every access as it is made"
    )
  }
}
