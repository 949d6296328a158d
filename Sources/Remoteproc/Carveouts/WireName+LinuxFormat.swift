import WireTypes

extension FixedName<32> {
  /// The name that Linux makes of this one, which it takes for a format.
  ///
  /// Two percent signs, with flags and width between, are one; a conversion that Linux does not
  /// know ends the name. A conversion of an argument prints what happens to be in a register: it
  /// stays as it is here.
  ///
  /// Source: [LINUX-6.1] remoteproc, `vsnprintf`.
  var asLinuxFormat: WireName {
    var text = bytes[...]
    var result: [UInt8] = []
    while let byte = text.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        result.append(byte)
        continue
      }
      let conversion = LinuxConversion(parsing: text)
      switch conversion.meaning {
      case .percent: result.append(byte)
      case .argument: result += [byte] + text.prefix(conversion.byteCount)
      case .unknown: return WireName(bytes: result)
      }
      text = text.dropFirst(conversion.byteCount)
    }
    return WireName(bytes: result)
  }

  private init(bytes: [UInt8]) {
    self.init()
    for (index, byte) in bytes.prefix(31).enumerated() { storage[index] = byte }
  }
}

/// What follows a percent sign in a format of Linux.
private struct LinuxConversion {
  enum Meaning {
    case percent, argument, unknown
  }

  let meaning: Meaning
  /// Bytes after the percent sign that belong to it.
  let byteCount: Int

  init(parsing text: ArraySlice<UInt8>) {
    var rest = text
    func skip(while isSkipped: (UInt8) -> Bool) { rest = rest.drop(while: isSkipped) }
    func skipNumber() {
      if rest.first == UInt8(ascii: "*") {
        rest = rest.dropFirst()
      } else {
        skip { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      }
    }
    skip { "-+ #0".utf8.contains($0) }
    skipNumber()
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      skipNumber()
    }
    if let qualifier = rest.first, "hlLzt".utf8.contains(qualifier) {
      rest = rest.dropFirst()
      if rest.first == qualifier { rest = rest.dropFirst() }
    }
    switch rest.first {
    case UInt8(ascii: "%"): meaning = .percent
    case let byte? where "cspoxXdiu".utf8.contains(byte): meaning = .argument
    default: meaning = .unknown
    }
    byteCount = meaning == .unknown ? 0 : text.count - rest.count + 1
  }
}
