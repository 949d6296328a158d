import WireTypes

extension Board {
  /// The board as a YAML text that ``init(yaml:fileName:)`` reads back to an equal value.
  public var yaml: String {
    var lines = ["name: \(Self.quoted(name))", "core: \(coreText)", "memory:"]
    lines += memory.map(Self.text)
    lines.append(devices.isEmpty ? "devices: []" : "devices:")
    lines += devices.map { device in
      let line = device.interrupt == .none ? "" : ", interrupt: \(device.interrupt.rawValue)"
      return "  - { kind: \(device.kind.rawValue), da: "
        + "\(BoardNumber.address(device.da.rawValue))\(line) }"
    }
    lines += ["iommu: \(iommuText)", "policy: \(policyText)"]
    if !regions.isEmpty { lines += ["regions:"] + regions.map(Self.text) }
    if let process {
      lines.append(
        "process: { file: \(Self.quoted(process.file)), socket: \(Self.quoted(process.socket)) }")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(_ memory: BoardMemory) -> String {
    let hasOwnPA = memory.pa.rawValue != memory.da?.rawValue
    let options =
      (memory.holdsCarveouts ? "" : ", carveouts: false")
      + (memory.hugePages ? ", hugePages: true" : "")
    return "  - { name: \(quoted(memory.name)), "
      + addresses(memory.da, hasOwnPA ? memory.pa : nil)
      + "size: \(BoardNumber.size(memory.byteCount))\(options) }"
  }

  private static func text(_ region: BoardRegion) -> String {
    "  - { name: \(quoted(region.name)), " + addresses(region.da, region.pa)
      + "size: \(BoardNumber.size(region.byteCount)) }"
  }

  private static func addresses(_ da: DeviceAddress?, _ pa: PhysicalAddress?) -> String {
    (da.map { "da: \(BoardNumber.address($0.rawValue)), " } ?? "")
      + (pa.map { "pa: \(BoardNumber.address($0.rawValue)), " } ?? "")
  }

  private var coreText: String {
    guard let core else { return "none" }
    let clock =
      core.frequencyInHertz == BoardCore.defaultFrequencyInHertz
      ? "" : ", clock: \(core.frequencyInHertz)Hz"
    let restart = core.restart == .none ? "" : ", restart: \(core.restart.rawValue)"
    return "{ isa: \(core.isa.rawValue), count: \(core.count)\(clock)\(restart) }"
  }

  private var iommuText: String {
    guard let iommu else { return "none" }
    let sizes = iommu.pageByteCounts.map(BoardNumber.size)
    let pages = sizes.count == 1 ? sizes[0] : "[\(sizes.joined(separator: ", "))]"
    return "{ pageSize: \(pages), da: "
      + "\(BoardNumber.address(iommu.range.start.rawValue)), size: "
      + "\(BoardNumber.size(iommu.range.byteCount)) }"
  }

  private var policyText: String {
    let ranges = policy.devmem.map { range in
      "{ pa: \(BoardNumber.address(range.start.rawValue)), size: "
        + "\(BoardNumber.size(range.byteCount)) }"
    }
    return "{ maxCarveout: \(BoardNumber.size(policy.maxCarveoutByteCount)), devmem: "
      + "[\(ranges.joined(separator: ", "))] }"
  }

  // Words and numbers that YAML would not read as text.
  private static func quoted(_ name: String) -> String {
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
    let isLetter = name.first.map { $0.isASCII && $0.isLetter } ?? false
    return isLetter && !words.contains(name.lowercased()) ? name : "\"\(name)\""
  }
}
