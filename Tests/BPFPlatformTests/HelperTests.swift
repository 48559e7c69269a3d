import BPFPlatform
import Glibc
import TestSupport
import Testing

@Suite struct HelperTests {
  @Test func `names and numbers agree both ways`() {
    #expect(HelperID.all.count == 211)
    for id in HelperID.all {
      let name = id.name
      #expect(name != nil)
      #expect(name.flatMap(HelperID.init(name:)) == id)
      #expect(name.flatMap { HelperID(name: "bpf_" + $0) } == id)
    }
    #expect(HelperID(name: "map_lookup_elem") == .mapLookupElement)
    #expect(HelperID(rawValue: 211).name == "cgrp_storage_delete")
    for number: Int32 in [.min, -1, 0, 212, .max] {
      #expect(HelperID(rawValue: number).name == nil)
    }
    #expect(HelperID(name: "unspec") == nil)
    #expect(HelperID(rawValue: 7).description == "bpf_get_prandom_u32")
    #expect(HelperID(rawValue: 500).description == "helper #500")
  }

  @Test(
    .enabled(if: KernelHeader.helperNames != nil, "the system has no linux/bpf.h"))
  func `names and numbers are the installed header's`() throws {
    let names = try #require(KernelHeader.helperNames)
    #expect(names.count >= 160)
    for (number, name) in names where number > 0 {
      #expect(HelperID(rawValue: Int32(number)).name == name)
    }
  }

  @Test func `prototypes are consistent`() {
    for prototype in HelperPrototype.all {
      #expect(prototype.id.name == prototype.name)
      #expect(HelperPrototype(for: prototype.id) == prototype)
      #expect(HelperPrototype.named(prototype.name) == prototype)
      for (index, argument) in prototype.arguments.enumerated() {
        switch argument {
        case .memory, .memoryOrNull, .uninitializedMemory, .writableMemory, .writableMemoryOrNull:
          let next = prototype.arguments.dropFirst(index + 1).first
          #expect(next == .size || next == .sizeOrZero, "\(prototype.name)")
        case .mapKey, .mapValue, .mapValueOrNull, .uninitializedMapValue:
          #expect(prototype.arguments.prefix(index).contains(.map), "\(prototype.name)")
        case .anything, .anythingOrNothing, .context, .contextOrNull, .map, .size, .sizeOrZero,
          .output, .input, .inputOutput, .stackOrNull, .reservedRecord, .reservationSize,
          .constantString, .function, .spinLock, .timer, .kernelPointerSlot, .dynptr, .socketCommon,
          .socketCommonOrNull, .socket, .socketOrNull, .kernelObject, .kernelObjectOrNull,
          .perCPUKernelObject:
          break
        }
      }
      #expect(!prototype.allowed(in: .seccomp))
    }
    #expect(HelperPrototype.all.map(\.id) == HelperID.all)
    #expect(HelperPrototype.named("no_such_helper") == nil)
  }

  @Test func `a helper works on its kinds of map`() throws {
    let lookup = try #require(HelperPrototype(for: .mapLookupElement))
    #expect(lookup.accepts(.hash) && lookup.accepts(.deviceMap) && !lookup.accepts(.ringBuffer))
    let update = try #require(HelperPrototype(for: .mapUpdateElement))
    #expect(update.accepts(.lpmTrie) && !update.accepts(.programArray))
    let redirect = try #require(HelperPrototype(for: .redirectMap))
    #expect(redirect.accepts(.deviceMap) && !redirect.accepts(.array))
  }
}

/// What the installed `linux/bpf.h` says.
private enum KernelHeader {
  /// The helpers' names by number, or nil where there is no header; two spellings of the list exist.
  static let helperNames: [Int: String]? = {
    guard let text = contents(of: "/usr/include/linux/bpf.h") else { return nil }
    var names: [Int: String] = [:]
    var isInside = false
    for line in text.split(separator: "\n") {
      if line.hasPrefix("#define __BPF_FUNC_MAPPER") || line.hasPrefix("#define ___BPF_FUNC_MAPPER")
      {
        isInside = true
      } else if isInside {
        let entry = line.drop { $0 == "\t" || $0 == " " }
        guard entry.hasPrefix("FN(") else { break }
        let parts = entry.dropFirst(3).prefix { $0 != ")" }.split(separator: ",")
        let number =
          parts.count > 1 ? Int(parts[1].drop { $0 == " " }) ?? names.count : names.count
        names[number] = String(parts[0])
      }
    }
    return names.isEmpty ? nil : names
  }()

  private static func contents(of path: String) -> String? {
    guard let file = unsafe fopen(path, "r") else { return nil }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = unsafe fread(&buffer, 1, buffer.count, file)
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
