// swift-tools-version: 6.2
import PackageDescription

/// Every target is checked the same way: strict memory safety, and no warning survives.
let settings: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// The modules in the order in which whole programs cross them; imports go one way, downwards.
let modules: [(name: String, dependencies: [Target.Dependency])] = [
  ("BPFISA", []),
  ("BPFPlatform", ["BPFISA"]),
  ("BPFObject", ["BPFISA", "BPFPlatform"]),
  ("BPFVerifier", ["BPFISA", "BPFPlatform"]),
  ("BPFRewriter", ["BPFISA", "BPFPlatform", "BPFVerifier"]),
  ("BPFJIT", ["BPFISA", "BPFPlatform", "BPFVerifier", "BPFRewriter", "CBPFShims"]),
  (
    "BPFRuntime",
    ["BPFISA", "BPFPlatform", "BPFObject", "BPFVerifier", "BPFRewriter", "BPFJIT", "CBPFShims"]
  ),
  (
    "BPFKit",
    ["BPFISA", "BPFPlatform", "BPFObject", "BPFVerifier", "BPFRewriter", "BPFJIT", "BPFRuntime"]
  ),
  ("BPFCapture", ["CBPFShims"]),
  (
    "BPFCommands",
    [
      "BPFKit", "BPFISA", "BPFPlatform", "BPFObject", "BPFVerifier", "BPFRewriter", "BPFJIT",
      "BPFRuntime", "BPFCapture",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ]
  ),
]

let package = Package(
  name: "BPFKit",
  platforms: [.macOS(.v26)],
  products: [
    .library(name: "BPFKit", targets: ["BPFKit"]),
    .library(name: "BPFCapture", targets: ["BPFCapture"]),
    // For the fuzz targets; its API follows the needs of the command.
    .library(name: "BPFCommands", targets: ["BPFCommands"]),
    // What the patcher is compared with, for its fuzz target and its benchmark.
    .library(name: "PatcherOracles", targets: ["PatcherOracles"]),
    .executable(name: "bpfkit", targets: ["bpfkit-cli"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: modules.map { module in
    .target(name: module.name, dependencies: module.dependencies, swiftSettings: settings)
  }
    + modules.map { module in
      .testTarget(
        name: module.name + "Tests",
        dependencies: [.byName(name: module.name), "TestSupport"] + module.dependencies
          // What passes make of a program is run beside the program; the patcher is compared with others.
          + (module.name == "BPFRewriter" ? ["BPFObject", "BPFRuntime", "PatcherOracles"] : [])
          // What is proved safe is run with every access checked.
          + (module.name == "BPFVerifier" ? ["BPFObject", "BPFRewriter", "BPFRuntime"] : []),
        resources: [.copy("Fixtures")],
        swiftSettings: settings)
    } + [
      .target(name: "CBPFShims"),
      .target(
        name: "TestSupport",
        dependencies: [
          "BPFISA", "BPFPlatform", "BPFObject", "BPFVerifier", "BPFRewriter", "BPFRuntime",
          "CBPFShims",
        ],
        path: "Tests/TestSupport",
        swiftSettings: settings),
      .target(
        name: "PatcherOracles",
        dependencies: ["BPFISA", "BPFRewriter"],
        path: "Tests/PatcherOracles",
        swiftSettings: settings),
      .executableTarget(
        name: "bpfkit-cli",
        dependencies: [
          "BPFCommands", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ], swiftSettings: settings),
    ]
)
