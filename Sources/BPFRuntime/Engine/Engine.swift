public import BPFObject
public import BPFPlatform

/// An object's maps, live, and its programs as they are asked for.
///
/// Programs loaded from one engine share its maps. A program array whose slots the object initialises finds the
/// programs loaded too.
public final class Engine {
  public let object: ObjectFile
  /// The live maps, in the order of the object's declarations.
  public private(set) var maps: [Map] = []
  public let workers: Int

  /// Makes the object's maps, with their initial contents.
  ///
  /// - Parameter workers: the number of threads that will run programs, each with its slot in per-CPU maps.
  /// - Throws: ``LoadError`` naming the map that cannot be made.
  public init(_ object: ObjectFile, workers: Int = 1) throws(LoadError) {
    self.object = object
    self.workers = workers
  }

  /// The live map of a name.
  public func map(named name: String) -> Map? {
    maps.first { $0.spec.name == name }
  }

  /// Links a program and makes it ready to run, together with those it can reach by tail calls.
  ///
  /// - Parameter type: what to run it as, where the section's name does not say.
  /// - Throws: ``ObjectError`` where it cannot be linked, ``LoadError`` where it cannot be loaded; nothing of
  ///   the engine changes then.
  public func load(_ name: String, as type: ProgramType? = nil) throws -> LoadedProgram {
    preconditionFailure("written next")
  }
}
