/// The functions that an image calls, by index: their addresses may be anywhere in 64 bits.
public struct CallTable: Hashable, Sendable {
  /// A function that compiled code calls.
  public struct Target: Hashable, Sendable {
    /// As dumps show it.
    public let name: String
    public let address: UInt64

    public init(name: String, address: UInt64) {
      self.name = name
      self.address = address
    }
  }

  /// A target's place in its table.
  public struct Index: Hashable, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }
  }

  public private(set) var targets: [Target] = []
  private var indices: [UInt64: Index] = [:]

  public init() {}

  /// The index of a function, which is put into the table unless it is there.
  ///
  /// - Complexity: O(1).
  public mutating func index(of target: Target) -> Index {
    if let index = indices[target.address] { return index }
    let index = Index(rawValue: Int32(targets.count))
    indices[target.address] = index
    targets.append(target)
    return index
  }

  /// The function at an index.
  ///
  /// - Throws: ``CallIndexError`` for one that the table has no function at.
  public func target(at index: Index) throws(CallIndexError) -> Target {
    guard targets.indices.contains(Int(index.rawValue)) else {
      throw CallIndexError(index: index, count: targets.count)
    }
    return targets[Int(index.rawValue)]
  }
}

/// An index beyond a call table.
public struct CallIndexError: Error, Hashable, Sendable {
  public let index: CallTable.Index
  /// How many targets the table has.
  public let count: Int
}

extension CallIndexError: CustomStringConvertible {
  public var description: String {
    "call target \(index.rawValue) does not exist: the call table has \(count)"
  }
}
