import BPFISA
import BPFObject
import BPFPlatform
import BPFRewriter
import BPFRuntime
import BPFVerifier

/// A program as a file has it, linked, with all that has to be known to verify it.
struct ProgramInput {
  let program: Program
  /// Nil where nothing says.
  let type: ProgramType?
  var attachType: UInt32?
  var maps: [MapSpec] = []
  var license: String?

  /// Why a program of an object could not be made.
  struct Failure: Error {
    let program: String
    let type: ProgramType?
    /// A sentence.
    let reason: String
  }

  /// What is to be verified.
  func subject() throws(Failure) -> VerificationReport.Subject {
    guard let type else {
      throw Failure(
        program: program.name, type: nil,
        reason: "its section does not say of what type it is; say it with --type")
    }
    return VerificationReport.Subject(
      program: program, type: type, attachType: attachType, maps: maps, license: license)
  }
}

extension ProgramInput {
  /// The programs of an object, or the one of a name; each linked, or why it is not.
  ///
  /// - Parameter type: what they are, instead of what their sections say.
  static func all(
    ofObject bytes: [UInt8], path: String, named name: String?, as type: ProgramType?
  ) throws(CommandError) -> [Result<ProgramInput, Failure>] {
    let object: ObjectFile
    do throws(ObjectError) { object = try ObjectFile(bytes: bytes) } catch {
      let isELF = bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46])
      throw .input(name: path, detail: "\(error)" + (isELF ? "" : "; --asm reads assembler text"))
    }
    var chosen = object.programs.filter { !$0.isSubprogram }
    if name != nil || chosen.isEmpty {
      let name = try ProgramChoice.choose(name, of: object, path: path)
      chosen = object.programs.filter { $0.name == name }
    }
    return chosen.map { choice in
      do throws(ObjectError) {
        let linked = try object.link(choice)
        return .success(
          ProgramInput(
            program: linked.program, type: type ?? linked.type, attachType: linked.attachType,
            maps: linked.maps.map(\.adjustedAsLoadersDo), license: linked.license))
      } catch {
        return .failure(
          Failure(program: choice.name, type: type ?? choice.type, reason: "\(error)"))
      }
    }
  }
}

extension ProgramInput {
  /// The program as engines run it.
  ///
  /// - Parameter compilation: what it is rewritten for; nil where it is only shown.
  /// - Throws: the report where it is not accepted, and why where it cannot be rewritten.
  func rewritten(for compilation: Compilation? = nil) throws(Failure) -> RewrittenProgram {
    let subject = try subject()
    let verified: VerifiedProgram
    var verifying = VerifierOptions()
    if let compilation, compilation.needsSpeculationFacts { verifying.tracksSpeculation = true }
    do throws(Rejection) {
      verified = try Verifier(for: subject, options: verifying)
        .verify(subject.program, maps: subject.maps)
    } catch {
      throw Failure(program: program.name, type: type, reason: "\(error)")
    }
    let options = compilation?.options(RewriteOptions()) ?? RewriteOptions()
    do throws(RewriteError) { return try Rewriter(options).rewrite(verified) } catch {
      throw Failure(program: program.name, type: type, reason: "\(error.reason)")
    }
  }

  /// The program's machine code, with maps of its own that live as long as the call.
  func compiled(_ compilation: Compilation) throws(Failure) -> NativeCode {
    let rewritten = try rewritten(for: compilation)
    do {
      let live = try maps.map { spec in try Map(spec) }
      let loaded = try LoadedProgram(rewritten, maps: live, compilation: compilation)
      if let code = loaded.nativeCode { return code }
    } catch {
      throw Failure(program: program.name, type: type, reason: "\(error)")
    }
    throw Failure(
      program: program.name, type: type,
      reason: "the system has no memory for code that processes make")
  }
}
