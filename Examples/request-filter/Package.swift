// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "request-filter",
  platforms: [.macOS(.v26)],
  dependencies: [
    .package(name: "BPFKit", path: "../.."),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
  ],
  targets: [
    .target(
      name: "RequestFiltering",
      dependencies: [
        .product(name: "BPFKit", package: "BPFKit"),
        .product(name: "FlyingFox", package: "FlyingFox"),
      ]),
    .executableTarget(name: "request-filter", dependencies: ["RequestFiltering"]),
    .testTarget(name: "RequestFilteringTests", dependencies: ["RequestFiltering"]),
  ]
)
