import BPFObject
import Testing

/// Random damage to good objects: whatever comes of it, nothing traps, and it takes bounded time and memory.
@Suite struct MutationTests {
  /// A generator whose sequence is the same on every run.
  struct Generator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }

    mutating func next(below limit: Int) -> Int {
      Int(next() % UInt64(max(limit, 1)))
    }
  }

  static let fixtures = [
    "globals.o", "functions.o", "maps.o", "legacy.o", "externs.o", "core.o", "types.o",
    "versions-v4.o",
  ]

  /// Does everything with an object that can be done with one.
  static func exercise(_ bytes: [UInt8]) -> Bool {
    do throws(ObjectError) {
      var object = try ObjectFile(bytes: bytes)
      for program in object.programs {
        do throws(ObjectError) { _ = try object.link(program) } catch { _ = "\(error)" }
      }
      for extern in object.externs {
        do throws(ObjectError) { try object.provide(.number(1), for: extern.name) } catch {}
      }
      _ = object.coreRelocations
      for section in object.sections { _ = object.contents(of: section) }
      if let btf = object.btf {
        for id in btf.types.indices {
          _ = btf.declaredName(of: BTF.TypeID(id))
          _ = btf.declaration(of: BTF.TypeID(id))
          guard let size = btf.size(of: BTF.TypeID(id)), size <= 4096 else { continue }
          do throws(ObjectError) {
            let value = try btf.decode(BTF.TypeID(id), Array(repeating: 0xa5, count: size))
            _ = try btf.encode(BTF.TypeID(id), value)
          } catch { _ = "\(error)" }
        }
      }
      return true
    } catch {
      _ = "\(error)"
      return false
    }
  }

  static func mutated(_ bytes: [UInt8], _ generator: inout Generator) -> [UInt8] {
    var bytes = bytes
    for _ in 0...generator.next(below: 4) {
      let place = generator.next(below: bytes.count)
      switch generator.next(below: 8) {
      case 0: bytes.removeLast(generator.next(below: bytes.count))
      case 1: bytes[place] = 0xff
      case 2: bytes[place] = 0
      case 3:
        // A whole word, as sizes and offsets are.
        let word = [0, 1, 0x7fff_ffff, 0xffff_ffff, 0x8000_0000, 0x1_0000][generator.next(below: 6)]
        for index in 0..<4 where place / 4 * 4 + index < bytes.count {
          bytes[place / 4 * 4 + index] = UInt8(truncatingIfNeeded: word >> (8 * index))
        }
      case 4:
        // Another part of the file over this one.
        let source = generator.next(below: bytes.count)
        let count = min(generator.next(below: 64), bytes.count - max(source, place))
        if count > 0 {
          bytes.replaceSubrange(place..<place + count, with: bytes[source..<source + count])
        }
      default: bytes[place] ^= 1 << UInt8(generator.next(below: 8))
      }
      if bytes.isEmpty { break }
    }
    return bytes
  }

  private func run(_ count: Int, seed: UInt64) throws {
    var parsed = 0
    for (index, fixture) in Self.fixtures.enumerated() {
      let original = try fileBytes(fixturesFolder + fixture)
      #expect(Self.exercise(original), "\(fixture)")
      var generator = Generator(state: seed &+ UInt64(index))
      for _ in 0..<count where Self.exercise(Self.mutated(original, &generator)) { parsed += 1 }
    }
    // Damage that is always noticed at once would test nothing but the first check.
    #expect(parsed > count / 4)
    #expect(parsed < count * Self.fixtures.count)
  }

  @Test(.timeLimit(.minutes(5)))
  func damagedObjectsNeverTrap() throws {
    #if DEBUG
    try run(500, seed: 0x9e37_79b9_7f4a_7c15)
    #else
    try run(20_000, seed: 0x9e37_79b9_7f4a_7c15)
    #endif
  }

  @Test(.timeLimit(.minutes(5)))
  func everyPrefixIsRefusedOrRead() throws {
    for fixture in Self.fixtures {
      let bytes = try fileBytes(fixturesFolder + fixture)
      #if DEBUG
      let step = 37
      #else
      let step = 1
      #endif
      for count in stride(from: 0, to: bytes.count, by: step) {
        #expect(!Self.exercise(Array(bytes[..<count])), "\(fixture), first \(count) bytes")
      }
    }
  }
}
