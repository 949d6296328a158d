/// What a text written to a file of a view asks for.
///
/// Reading one is pure. Words count as whole words with at most one line end after them; Linux
/// takes any beginning of a word in some files, which is no example to follow.
public enum ViewCommand: Equatable, Sendable {
  /// Boot, or one user more.
  case start
  /// One user less.
  case stop
  /// Let go of a processor that runs on.
  case detach
  /// Use other firmware from now on.
  case firmware(String)
  /// Start again after crashes, or not; if so, also now.
  case recovers(Bool)
  /// Start again now.
  case recover
  /// Dump crashed processors.
  case coredump(CoredumpMode)
  /// Take note of a crash.
  case crash(CrashReport)

  /// Reads what was written to `file`.
  ///
  /// - Throws: ``ViewError/notWritable(_:)``, ``ViewError/invalid(_:text:)`` or
  ///   ``ViewError/outOfRange(_:)``.
  public init(_ bytes: some Sequence<UInt8>, to file: ViewFile) throws(ViewError) {
    // As on Linux, where a write ends at a page and a text at a NUL.
    let text = Array(bytes.prefix(4096).prefix { $0 != 0 })
    let command: ViewCommand?
    switch file {
    case .sysfs(.state): command = Self.state(text)
    case .sysfs(.firmware): command = Self.firmware(text)
    case .sysfs(.recovery), .debugfs(.recovery): command = Self.recovery(text)
    case .sysfs(.coredump), .debugfs(.coredump):
      command = CoredumpMode(rawValue: Self.word(text)).map { .coredump($0) }
    case .debugfs(.crash): command = try Self.crash(text, file)
    case .sysfs(.name), .debugfs(.name), .debugfs(.state), .debugfs(.resourceTable),
      .debugfs(.carveoutMemories), .debugfs(.trace):
      throw .notWritable(file)
    }
    guard let command else { throw .invalid(file, text: Array(text.prefix(64))) }
    self = command
  }

  private static func state(_ text: [UInt8]) -> ViewCommand? {
    switch word(text) {
    case "start": .start
    case "stop": .stop
    case "detach": .detach
    default: nil
    }
  }

  private static func firmware(_ text: [UInt8]) -> ViewCommand? {
    let line = text.prefix { $0 != 0x0a }
    guard !line.isEmpty else { return nil }
    return String(validating: line, as: UTF8.self).map { .firmware($0) }
  }

  private static func recovery(_ text: [UInt8]) -> ViewCommand? {
    switch word(text) {
    case "enabled": .recovers(true)
    case "disabled": .recovers(false)
    case "recover": .recover
    default: nil
    }
  }

  private static func crash(
    _ text: [UInt8], _ file: ViewFile
  ) throws(ViewError) -> ViewCommand? {
    guard let number = number(word(text)) else { return nil }
    guard let kind = UInt32(exactly: number) else { throw .outOfRange(file) }
    return .crash(CrashReport(kind: Self.kind(kind), detail: "reported by \(file)"))
  }

  /// Source: [LINUX-6.1] remoteproc, types of crashes.
  private static func kind(_ number: UInt32) -> CrashKind {
    switch number {
    case 0: .mmuFault
    case 1: .watchdog
    default: .fatalError(code: UInt16(clamping: number))
    }
  }

  /// `text` without the line end; not text when it is not ASCII.
  private static func word(_ text: [UInt8]) -> String {
    let word = text.last == 0x0a ? text.dropLast() : text[...]
    return String(decoding: word, as: UTF8.self)
  }

  /// A number as C reads it: decimal, `0x` hexadecimal, `0` octal; too large ones as the largest.
  private static func number(_ word: String) -> UInt64? {
    var digits = Substring(word)
    if digits.first == "+" { digits.removeFirst() }
    var radix: UInt64 = 10
    if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
      radix = 16
      digits.removeFirst(2)
    } else if digits.count > 1, digits.first == "0" {
      radix = 8
      digits.removeFirst()
    }
    guard !digits.isEmpty else { return nil }
    var value: UInt64 = 0
    for character in digits {
      guard let digit = character.hexDigitValue, character.isASCII, digit < Int(radix) else {
        return nil
      }
      let (product, overflow) = value.multipliedReportingOverflow(by: radix)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      value = overflow || carry || value == .max ? .max : sum
    }
    return value
  }
}
