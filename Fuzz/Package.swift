// swift-tools-version: 6.2
import PackageDescription

// Each target is an executable of its own: libFuzzer brings the main function. `run` builds and starts them.
let targets = ["Object", "Capture", "Assembler", "Batch", "Rewrite", "Patcher", "Verifier"]

let package = Package(
  name: "Fuzz",
  platforms: [.macOS(.v26)],
  products: targets.map {
    .executable(name: "fuzz-\($0.lowercased())", targets: ["Fuzz\($0)"])
  },
  dependencies: [.package(name: "BPFKit", path: "..")],
  targets: targets.map {
    .executableTarget(
      name: "Fuzz\($0)",
      dependencies: [
        .product(name: "BPFKit", package: "BPFKit"),
        .product(name: "BPFCapture", package: "BPFKit"),
        .product(name: "BPFCommands", package: "BPFKit"),
        .product(name: "PatcherOracles", package: "BPFKit"),
      ],
      swiftSettings: [
        .strictMemorySafety(), .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
        .unsafeFlags(["-parse-as-library"]),
      ])
  }
)
