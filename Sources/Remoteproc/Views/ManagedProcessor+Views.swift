// The files of a processor that somebody else owns.
extension ManagedProcessor {
  /// Does what `bytes`, written to `file`, asks for.
  ///
  /// - Throws: ``ViewError``, with nothing changed unless it is ``ViewError/processor(_:)``.
  public func write(_ bytes: some Sequence<UInt8>, to file: ViewFile) throws(ViewError) {
    let command = try ViewCommand(bytes, to: file)
    if case .coredump = command, case .crashed = state { throw .busy(file, state) }
    do throws(RemoteprocError) {
      switch command {
      case .start: try boot()
      case .stop: try shutdown()
      case .detach: try detach()
      case .firmware(let name): try setFirmware(name)
      case .recovers(let recovers):
        recovery.mode = recovers ? .enabled : .disabled
        if recovers { try recoverIfCrashed() }
      case .recover: try recoverIfCrashed()
      case .coredump(let setting): coredump = setting
      case .crash(let report): reportCrash(report)
      }
    } catch { throw .processor(error) }
  }

  /// A processor that runs need not be recovered; to Linux that is no error.
  private func recoverIfCrashed() throws(RemoteprocError) {
    if case .crashed = state { try recover() }
  }
}

extension ProcessorController where Platform: ~Copyable {
  /// The processor as the text files of Linux show it.
  public var view: ProcessorView {
    ProcessorView(
      processor,
      ViewSettings(
        name: name, firmwareName: firmwareName, recovers: recovery.mode != .disabled,
        coredump: coredump, crashCount: crashHistory.totalCount))
  }
}
