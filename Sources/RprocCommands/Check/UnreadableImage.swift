import ELF
import Remoteproc

/// An image of which not even the header can be read.
enum UnreadableImage {
  /// Why, as the one finding that there is.
  static func finding(_ error: RemoteprocError, bytes: [UInt8]) -> Finding {
    let elfClass = bytes.count > 4 ? ELFClass(rawValue: bytes[4]) : nil
    let reader = FaultReader(elfClass: elfClass)
    let diagnosis = reader.diagnosis(of: BootFault(error))
    var place: Range<Int>?
    if case .file(let range) = diagnosis.place { place = range }
    let (kind, fields) = ErrorFields.describe(error)
    return Finding(
      rule: diagnosis.rule, severity: .error, place: place,
      bytes: place.map { Array(bytes[$0.clamped(to: 0..<bytes.count)]) } ?? [],
      message: SafeText.escaped("\(error)", limit: 400), advice: diagnosis.advice,
      details: [JSONValue.Field("case", .string(kind))] + fields.filter { $0.key != "case" })
  }
}
