import BPFObject
import BPFPlatform
import BPFRuntime
import Foundation
import TestSupport
import Testing

/// The real programs of `../shared/corpus` over a real capture: what Linux proved safe ends without a fault, with every map
/// and helper it asks for.
@Suite(.enabled(if: SharedFolder.path != nil, "no ../shared/corpus beside this checkout"))
struct CorpusCaptureTests {
  /// Programs that do not run, and why. The list is exact: one that runs again has to leave it.
  private static let exceptions: [String: String] = [:]

  @Test func `every accepted packet program runs over a capture`() throws {
    let folder = try #require(SharedFolder.path) + "/corpus"
    let packets = try PacketPrograms.packets()
    #expect(packets.count >= 100)

    var faults: [String: String] = [:]
    var count = 0
    for (path, programs) in try PacketPrograms.acceptedPrograms(in: folder) {
      let object = try ObjectFile(
        bytes: [UInt8](Data(contentsOf: URL(filePath: folder + "/" + path))))
      let engine = Engine(object, workers: 2, execution: .checked)
      for (program, type) in programs {
        count += 1
        let name = path + " " + program
        do {
          let loaded = try engine.load(program, as: type)
          let frame = loaded.makeFrame(worker: 1)
          for packet in packets {
            try frame.load(packet)
            if let fault = loaded.run(frame).fault {
              faults[name] = "\(fault)"
              break
            }
          }
        } catch {
          faults[name] = "\(error)"
        }
      }
    }
    #expect(count >= 150)
    for (name, reason) in faults.sorted(by: { $0.key < $1.key }) {
      #expect(Self.exceptions[name] != nil, "\(name): \(reason)")
    }
    for name in Self.exceptions.keys.sorted() {
      #expect(faults[name] != nil, "\(name) runs, though it is listed among those that do not")
    }
  }
}
