import ELF
import Remoteproc
import ResourceTable

/// Checks one image on the processor of a board.
struct CheckTask<Image: FirmwareFormat>: SessionTask {
  /// The bytes of the file.
  let bytes: [UInt8]
  /// The same as firmware.
  let image: Image
  /// The image as an ELF file, if it is one.
  let elf: ELFFile?
  /// How it would be booted.
  let options: BootOptions
  /// What was found, errors first.
  private(set) var findings: [Finding] = []
  /// Faults that were too many to be kept.
  private(set) var omittedCount = 0

  init(bytes: [UInt8], image: Image, elf: ELFFile?, options: BootOptions) {
    self.bytes = bytes
    self.image = image
    self.elf = elf
    self.options = options
  }

  mutating func perform<Platform: PlatformDriver & ~Copyable>(
    _ session: inout Session<Platform>
  ) throws(Failure) -> CommandStatus {
    try add(try check(&session, options), options, .error)
    if options.profile != .default {
      // What the default profile would refuse is worth knowing in any other.
      var strict = options
      strict.profile = .default
      try add(try check(&session, strict), strict, .warning)
    }
    addLints()
    findings =
      findings.filter { $0.severity == .error } + findings.filter { $0.severity == .warning }
    return findings.first?.severity == .error ? .refused : .done
  }

  private func check<Platform: PlatformDriver & ~Copyable>(
    _ session: inout Session<Platform>, _ options: BootOptions
  ) throws(Failure) -> FirmwareCheck {
    do throws(RemoteprocError) {
      return try session.processor.check(image, options: options)
    } catch { throw Failure(error, status: .unavailable) }
  }

  /// The table as a boot with `options` reads it.
  private func table(_ options: BootOptions) -> (firmware: FirmwareTable, map: TableMap?)? {
    // A table that cannot be had is a fault that the check found.
    do throws(RemoteprocError) {
      guard let table = try image.resourceTable(options.profile) else { return nil }
      let version = options.tableVersion ?? (options.profile == .linux ? .v1 : nil)
      return (table, TableMap(table.bytes, version: version))
    } catch { return nil }
  }

  private mutating func add(
    _ check: FirmwareCheck, _ options: BootOptions, _ severity: Finding.Severity
  ) throws(Failure) {
    let table = table(options)
    let reader = FaultReader(table: table?.map, elf: elf)
    for fault in check.faults {
      add(
        reader.diagnosis(of: fault), severity, Self.message(of: fault),
        Self.details(fault.error), table?.firmware)
    }
    omittedCount += severity == .error ? check.omittedFaultCount : 0
    for notice in check.notices {
      add(
        reader.diagnosis(of: notice), .warning, "\(notice)", Self.details(of: notice),
        table?.firmware)
    }
  }

  private static func message(of fault: BootFault) -> String {
    switch (fault.error, fault.memory) {
    case (.platform, let name?), (.iommu, let name?): "\"\(name)\": \(fault.error)"
    default: "\(fault.error)"
    }
  }

  private mutating func addLints() {
    let table = table(options)
    let tableAddress = image is BareTable ? nil : table?.firmware.da
    let lints = ImageLints(elf: elf, table: table?.map, tableAddress: tableAddress)
    for (diagnosis, message) in lints.results {
      add(diagnosis, .warning, message, [], table?.firmware)
    }
  }

  private mutating func add(
    _ diagnosis: Diagnosis, _ severity: Finding.Severity, _ message: String,
    _ details: [JSONValue.Field], _ table: FirmwareTable?
  ) {
    // Alone, a table is nowhere and has no entry point.
    if image is BareTable, [.tableVisible, .bootAddress].contains(diagnosis.rule) { return }
    let place = place(diagnosis.place, table)
    // The two profiles, and a boot and its notices, say the same of the same bytes.
    let isKnown = findings.contains { finding in
      finding.rule == diagnosis.rule && finding.place == place
        && (place != nil || finding.message == message)
    }
    guard !isKnown else { return }
    let shown = place.map { $0.prefix(Finding.maxByteCount).clamped(to: 0..<bytes.count) }
    findings.append(
      Finding(
        rule: diagnosis.rule, severity: severity, place: place,
        bytes: shown.map { Array(bytes[$0]) } ?? [], message: SafeText.escaped(message, limit: 400),
        advice: diagnosis.advice, details: details))
  }

  private func place(_ place: Diagnosis.Place?, _ table: FirmwareTable?) -> Range<Int>? {
    switch place {
    case .file(let range): range
    case .table(let range):
      table?.imageOffset.map { range.lowerBound + $0..<range.upperBound + $0 }
    case nil: nil
    }
  }

  private static func details(_ error: RemoteprocError) -> [JSONValue.Field] {
    let (kind, fields) = ErrorFields.describe(error)
    return [JSONValue.Field("case", .string(kind))] + fields.filter { $0.key != "case" }
  }

  private static func details(of notice: BootNotice) -> [JSONValue.Field] {
    switch notice {
    case .deviceDropped(_, let error), .deviceUseless(_, let error): details(error)
    default: []
    }
  }
}

extension Range<Int> {
  /// At most the first `count`.
  fileprivate func prefix(_ count: Int) -> Range<Int> {
    lowerBound..<Swift.min(upperBound, lowerBound + count)
  }
}
