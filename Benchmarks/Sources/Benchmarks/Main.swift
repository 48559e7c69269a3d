import Glibc

/// Prints what the design aims at beside what is measured here. Every figure is the least of several runs.
///
/// `Benchmarks PROGRAMS [SECTION…]`: the folder of compiled micro programs, and which sections to run.
@main
enum Main {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    guard let programs = arguments.first else {
      print(
        "usage: Benchmarks PROGRAMS [micro|jit|compile|load|verifier|rewrite|maps|packs|capture|patching]…"
      )
      exit(2)
    }
    let sections = arguments.dropFirst()
    func wants(_ section: String) -> Bool { sections.isEmpty || sections.contains(section) }
    do {
      if wants("micro") { try MicroSuite(folder: programs).run() }
      if wants("jit") { try JITSuite(folder: programs).run() }
      if wants("compile") { try JITSuite(folder: programs).compile() }
      if wants("load") { try LoadSuite().run() }
      if wants("verifier") { try VerifierSuite(folder: programs).run() }
      if wants("rewrite") { try RewriteSuite(folder: programs).run() }
      if wants("maps") { try MapSuite().run() }
      if wants("packs") { try PackSuite().run() }
      if wants("patching") { try PatchingSuite().run() }
      if wants("capture") { try CaptureBenchmark().run() }
    } catch {
      print("failed: \(error)")
      exit(1)
    }
  }
}
