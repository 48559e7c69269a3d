/// What is wrong with a program's shape, before any of it is followed.
struct StructureError: Error {
  let problem: Rejection.Problem
  let slot: Int

  init(_ problem: Rejection.Problem, slot: Int) {
    self.problem = problem
    self.slot = slot
  }
}
