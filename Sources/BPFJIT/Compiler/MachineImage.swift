public import BPFPlatform

/// A program's machine code, not yet at an address.
public struct MachineImage: Sendable {
  /// A call of another's function.
  public struct CallSite: Hashable, Sendable {
    /// The offset after the instruction, whose last 4 bytes are the distance from there.
    public let end: Int
    public let index: CallTable.Index
  }

  /// A function of the program.
  public struct Function: Hashable, Sendable {
    public let name: String
    /// Its first slot in the rewritten program.
    public let slot: Int
    public let offset: Int
  }

  /// The code, whose distances to functions outside are still 0, and after it the addresses it calls through, if it does so.
  public let code: [UInt8]
  /// How many bytes of it are instructions.
  public let codeSize: Int
  /// The functions it calls.
  public let calls: CallTable
  /// The calls whose distances depend on where the image is.
  public let callSites: [CallSite]
  /// By rising offset; the program's entry, a C function of `r1`, `r2` and the frame pointer, comes first, at 0.
  public let functions: [Function]
  /// What calls helpers by their number, by rising offset.
  public let stubs: [(helper: HelperID, offset: Int)]
  /// C functions of `r1` to `r5` and the frame pointer that call functions of the program, by their first slot.
  public let callbackEntries: [(slot: Int, offset: Int)]
  /// Where the code of each slot begins; below 0 for slots without code of their own.
  let slotOffsets: [Int32]

  /// Where the code of a slot of the rewritten program begins; nil for one without code of its own.
  public func offset(ofSlot slot: Int) -> Int? {
    slotOffsets.indices.contains(slot) && slotOffsets[slot] >= 0 ? Int(slotOffsets[slot]) : nil
  }

  /// The bytes to put at an address.
  ///
  /// - Complexity: O(*n*), *n* the bytes.
  /// - Throws: ``LinkError`` where a function called directly is out of reach, or the call table does not have it.
  public func linked(at address: UInt64) throws(LinkError) -> [UInt8] {
    var bytes = code
    for site in callSites {
      let target: CallTable.Target
      do {
        target = try calls.target(at: site.index)
      } catch {
        throw .index(error)
      }
      let distance = Int64(bitPattern: target.address &- (address &+ UInt64(site.end)))
      guard let near = Int32(exactly: distance) else {
        throw .outOfReach(target.name, offset: site.end, distance: distance)
      }
      let word = UInt32(bitPattern: near)
      for index in 0..<4 {
        bytes[site.end - 4 + index] = UInt8(truncatingIfNeeded: word >> (8 * index))
      }
    }
    return bytes
  }
}

/// Why an image cannot be put at an address.
public enum LinkError: Error, Hashable, Sendable {
  /// A function that the image calls directly is more than 2 GiB away from the call.
  case outOfReach(String, offset: Int, distance: Int64)
  case index(CallIndexError)
}

extension LinkError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .outOfReach(let name, let offset, let distance):
      "the call of \(name) before offset \(offset) would lead over \(distance) bytes: more than 2 GiB"
    case .index(let error): "\(error)"
    }
  }
}
