import ArgumentParser
import BPFJIT
import BPFPlatform
import BPFRuntime

/// A file by which profilers learn the names of compiled programs.
enum PerfFile: String, CaseIterable, ExpressibleByArgument {
  case map, dump

  /// Where code goes for `perf` to find it: a map of names is looked into for anonymous memory only.
  var packs: CodePacks {
    switch self {
    case .map: CodePacks(near: CodePacks.moduleAddress, storage: .privatePages)
    case .dump: .shared
    }
  }

  /// Writes the names of a program's functions, and of those of the programs in its program arrays.
  func record(_ program: LoadedProgram, _ maps: ObjectMaps) throws(CommandError) {
    var programs = [program]
    for map in maps.engine.maps where map.spec.kind == .programArray {
      for index in 0..<UInt32(clamping: map.spec.maxEntries) {
        if let target = map.program(at: index) { programs.append(target) }
      }
    }
    do throws(CodeSymbolFileError) {
      let file = try open()
      // What is compiled lives as long as the program; of an array's, the array does.
      for program in programs { try program.recordSymbols(in: file) }
    } catch {
      throw .input(name: "--perf \(rawValue)", detail: "\(error)")
    }
  }

  private func open() throws(CodeSymbolFileError) -> any CodeSymbolFile {
    switch self {
    case .map: try PerfMap()
    case .dump: try JITDump()
    }
  }
}
