import Glibc

/// The folder of conformance vectors, real objects and benchmarks that lies beside a developer's checkout.
/// A user's clone has none: tests that use it run only where it is present.
public enum SharedFolder {
  /// The folder's path, or nil where there is none.
  public static let path: String? = {
    // This file is Tests/TestSupport/SharedFolder.swift.
    let components = #filePath.split(separator: "/").dropLast(3)
    let path = "/" + components.joined(separator: "/") + "/../shared"
    return unsafe access(path + "/conformance/vectors.jsonl", R_OK) == 0 ? path : nil
  }()
}
