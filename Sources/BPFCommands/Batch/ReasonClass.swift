import BPFISA
import BPFRuntime

/// The stable names of why programs are refused and runs end early, as replies give them
/// (Documentation/Batch.md lists them).
enum ReasonClass {
  static func name(of reason: DecodingError.Reason) -> String {
    switch reason {
    case .unknownOpcode: "unknown_opcode"
    case .unknownVariant: "unknown_variant"
    case .reservedFieldNotZero: "reserved_field_not_zero"
    case .noSuchRegister: "no_such_register"
    case .missingSecondSlot: "missing_second_slot"
    case .internalInstruction: "internal_instruction"
    }
  }

  static func name(of kind: Fault.Kind) -> String {
    switch kind {
    case .outOfBounds: "out_of_bounds"
    case .notPermitted: "not_permitted"
    case .specialField: "special_field"
    case .uninitializedStack: "uninitialized_stack"
    case .dynptrAccess: "dynptr_access"
    case .uninitializedRegister: "uninitialized_register"
    case .writeToFramePointer: "write_to_frame_pointer"
    case .stalePacketPointer: "stale_packet_pointer"
    case .contextAccess: "context_access"
    case .misalignedAtomic: "misaligned_atomic"
    case .programCounterOutOfRange: "program_counter_out_of_range"
    case .jumpIntoWideImmediate: "jump_into_wide_immediate"
    case .budgetExhausted: "budget_exhausted"
    case .callDepthExceeded: "call_depth_exceeded"
    case .unknownHelper: "unknown_helper"
    case .unsupportedHelper: "unsupported_helper"
    case .helperNotAllowed: "helper_not_allowed"
    case .invalidArgument: "invalid_argument"
    case .invalidMemoryArgument: "invalid_memory_argument"
    case .unsupportedInstruction: "unsupported_instruction"
    case .unreleasedRecords: "unreleased_records"
    case .tooManyRecords: "too_many_records"
    case .callbackResult: "callback_result"
    case .notAllowedInCallback: "not_allowed_in_callback"
    case .tailCallToOtherEngine: "tail_call_to_other_engine"
    case .callWhileLocked: "call_while_locked"
    case .lockNotHeld: "lock_not_held"
    case .lockHeldAtExit: "lock_held_at_exit"
    case .packetLoadNotAllowed: "packet_load_not_allowed"
    case .packetLoadWithoutContext: "packet_load_without_context"
    }
  }
}
