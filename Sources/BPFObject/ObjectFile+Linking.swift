extension ObjectFile {
  /// Links a function, with every function it calls behind it, into a program.
  ///
  /// Of several functions with the name, the first that is a program of its own is taken.
  ///
  /// - Complexity: O(size of the functions and their tables).
  /// - Throws: ``ObjectError`` where there is no such function, or something it uses cannot be resolved.
  public func link(_ program: String) throws(ObjectError) -> LinkedProgram {
    let named = programs.filter { $0.name == program }
    guard let found = named.first(where: { !$0.isSubprogram }) ?? named.first else {
      throw .noSuchProgram(
        name: program, available: programs.filter { !$0.isSubprogram }.map(\.name))
    }
    return try link(found)
  }

  /// Links one of ``programs``, which must be this object's.
  ///
  /// - Complexity: O(size of the functions and their tables).
  /// - Throws: ``ObjectError`` where something it uses cannot be resolved.
  public func link(_ program: ObjectProgram) throws(ObjectError) -> LinkedProgram {
    precondition(program.function < functionTable.functions.count, "a program of another object")
    var linker = Linker(self)
    let linked = try linker.link(program.function)
    return LinkedProgram(
      program: linked, type: program.type, attachType: program.attachType,
      maps: linker.maps.map { maps[$0] }, license: license, kernelVersion: kernelVersion)
  }
}
