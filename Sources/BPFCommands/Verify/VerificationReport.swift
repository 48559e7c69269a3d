import BPFISA
import BPFObject
import BPFPlatform
import BPFVerifier

/// What verifying one program gave.
struct VerificationReport {
  /// The object's path as it was given.
  let file: String
  let program: String
  /// Nil where nothing says of what type the program is.
  let type: ProgramType?
  let verdict: Verdict
  /// Nil where the program could not be made.
  let statistics: VerificationStatistics?
  /// Nanoseconds that verification took.
  let time: Int
  /// The program, to name its instructions and lines.
  let code: Program?
  var kernel: KernelVerdict?

  enum Verdict {
    /// Accepted; with what is wrong with a global function by its prototype, if anything is.
    case accept(byPrototypes: Rejection?)
    case reject(Rejection)
    /// The program could not be made: a sentence.
    case failure(String)

    /// The stable name.
    var name: String {
      switch self {
      case .accept: "accept"
      case .reject(let rejection): rejection.category == .unsupported ? "unsupported" : "reject"
      case .failure: "error"
      }
    }
  }

  var isAccepted: Bool {
    switch verdict {
    case .accept: true
    case .reject, .failure: false
    }
  }

  /// The rejection's class.
  var reasonClass: String? {
    switch verdict {
    case .accept, .failure: nil
    case .reject(let rejection): rejection.category.rawValue
    }
  }

  var processedInstructions: Int? { statistics?.processedInstructions }
  var states: Int? { statistics?.totalStates }

  /// The lines or instructions that took most of the work, the greatest first.
  var costs: [SourceCost] {
    guard let code, let statistics else { return [] }
    return SourceCost.costs(of: code, statistics)
  }
}

extension VerificationReport {
  /// What is verified: a program with its maps and what it is loaded as.
  struct Subject {
    let program: Program
    let type: ProgramType
    var attachType: UInt32?
    var maps: [MapSpec] = []
    var license: String?
  }

  /// Verifies a program.
  init(_ subject: Subject, of file: String, options: VerifierOptions, log: VerificationLog?) {
    self.file = file
    program = subject.program.name
    type = subject.type
    code = subject.program
    let verifier = Verifier(for: subject, options: options)
    let clock = ContinuousClock()
    let start = clock.now
    do throws(Rejection) {
      let verified = try verifier.verify(subject.program, maps: subject.maps, log: log)
      time = start.duration(to: clock.now).nanoseconds
      verdict = .accept(byPrototypes: verified.rejectionByPrototypes)
      statistics = verified.statistics
    } catch {
      time = start.duration(to: clock.now).nanoseconds
      verdict = .reject(error)
      statistics = error.statistics
    }
  }

  /// A program that could not be made.
  init(failure: String, program: String, type: ProgramType?, of file: String) {
    self.file = file
    self.program = program
    self.type = type
    verdict = .failure(failure)
    statistics = nil
    time = 0
    code = nil
  }
}

extension Verifier {
  /// The verifier for a program with its attach type and licence.
  init(for subject: VerificationReport.Subject, options: VerifierOptions = VerifierOptions()) {
    var options = options
    options.attachType = subject.attachType
    options.isGPLCompatible = License.isGPLCompatible(subject.license)
    self.init(for: subject.type, options: options)
  }
}
