import OnexCore
import OnexKernel

/// Any bytes are either a contract or a list of problems with positions inside the file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzContract(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = Bytes(copying: UnsafeRawBufferPointer(start: start, count: count))
  if case .failure(let found) = ContractDirectory.check(text, file: "fuzz.yaml", directory: "/nonexistent") {
    precondition(!found.problems.isEmpty, "a refusal says why")
    for problem in found.problems { precondition(problem.line >= 1 && problem.column >= 1, "a position is inside the file") }
  }
  return 0
}
