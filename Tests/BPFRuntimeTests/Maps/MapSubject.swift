import BPFPlatform
import BPFRuntime
import TestSupport

/// What a map answers to one operation.
enum MapAnswer: Equatable {
  case done
  case missing
  case value([UInt8])
  case key([UInt8])
  case refused(Int32)
}

/// One operation of the host.
enum MapOperation {
  case get([UInt8])
  case set([UInt8], [UInt8], flags: UInt64)
  case delete([UInt8])
  case nextKey([UInt8]?)
  /// Look up and remove.
  case take([UInt8])
  case freeze
}

/// A map as the tests compare them: this package's, the kernel's, a model.
protocol MapSubject {
  func perform(_ operation: MapOperation) throws -> MapAnswer
}

extension Map: MapSubject {
  func perform(_ operation: MapOperation) -> MapAnswer {
    do throws(MapError) {
      switch operation {
      case .get(let key): return try get(key).map { .value($0) } ?? .missing
      case .set(let key, let value, let flags):
        try set(key, value, flags: MapUpdateFlags(rawValue: flags))
        return .done
      case .delete(let key): return try delete(key) ? .done : .missing
      case .nextKey(let key): return try nextKey(after: key).map { .key($0) } ?? .missing
      case .take(let key):
        if spec.kind == .queue || spec.kind == .stack {
          return try pop().map { .value($0) } ?? .missing
        }
        return try take(key).map { .value($0) } ?? .missing
      case .freeze:
        try freeze()
        return .done
      }
    } catch {
      return .refused(error.errorNumber)
    }
  }
}

extension KernelMap: MapSubject {
  func perform(_ operation: MapOperation) throws -> MapAnswer {
    do {
      switch operation {
      case .get(let key): return try get(key).map { .value($0) } ?? .missing
      case .set(let key, let value, let flags):
        try set(key, value, flags: flags)
        return .done
      case .delete(let key): return try delete(key) ? .done : .missing
      case .nextKey(let key): return try nextKey(after: key).map { .key($0) } ?? .missing
      case .take(let key): return try take(key).map { .value($0) } ?? .missing
      case .freeze:
        try freeze()
        return .done
      }
    } catch let refusal as KernelRefusal {
      return .refused(refusal.number)
    }
  }
}

extension MapSubject {
  /// All keys, as a walk gives them.
  func walk() throws -> [[UInt8]] {
    var keys: [[UInt8]] = []
    var answer = try perform(.nextKey(nil))
    while case .key(let key) = answer {
      keys.append(key)
      answer = try perform(.nextKey(key))
    }
    return keys
  }
}
