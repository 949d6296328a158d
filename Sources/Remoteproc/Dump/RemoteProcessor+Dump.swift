public import Coredump
import ELF
import SharedMemory
import Virtio
import Vring
import WireTypes

// The memory of a processor as a file.
extension RemoteProcessor where Platform: ~Copyable {
  /// Does what `policy` says about a processor that crashed, or that runs.
  ///
  /// Belongs between ``quiesce()`` and ``recover(with:)``, or before a shutdown: the memory must
  /// still be in place. Never waits longer than the time limit for whoever gets the dump.
  ///
  /// - Returns: what became of the dump; `nil` when none is wanted.
  public func dump(_ policy: CoredumpPolicy) -> CoredumpOutcome? {
    do throws(RemoteprocError) {
      switch (policy.mode, policy.target) {
      case (.off, _), (.inline, nil): return nil
      case (.copied, _): return .captured(try captureCoredump(policy.options))
      case (.inline, let target?):
        let dump = try coredump(policy.options)
        let (report, path) = try Self.wrap { () throws(CoredumpError) in try target.write(dump) }
        return .written(report, path: path)
      }
    } catch { return .failed(error) }
  }

  /// Copies the memory, and all that is known, into private memory.
  ///
  /// - Throws: as ``coredump(_:)``, and for the copy.
  public func captureCoredump(
    _ options: CoredumpOptions = CoredumpOptions()
  ) throws(RemoteprocError) -> CapturedCoredump {
    let dump = try coredump(options)
    return try Self.wrap { () throws(CoredumpError) in
      try CapturedCoredump(
        of: dump, maximumByteCount: options.maximumCopyByteCount, timeLimit: options.timeLimit)
    }
  }

  /// Describes a dump of the processor: one that crashed, or one that runs and goes on running.
  ///
  /// Registers of a processor that crashed are those at the crash.
  ///
  /// - Throws: ``RemoteprocError/illegalTransition(_:from:)`` when nothing is booted or attached,
  ///   or ``RemoteprocError/coredump(_:)``.
  public func coredump(
    _ options: CoredumpOptions = CoredumpOptions()
  ) throws(RemoteprocError) -> ProcessorCoredump {
    guard let session else { throw .illegalTransition(.dump, from: state) }
    let elfClass = options.elfClass ?? session.image?.elfClass ?? .elf32
    do throws(RemoteprocError) {
      return try coredump(session, options, elfClass)
    } catch .coredump(.tooLarge) where options.elfClass == nil && elfClass == .elf32 {
      return try coredump(session, options, .elf64)
    }
  }

  private func coredump(
    _ session: BootSession, _ options: CoredumpOptions, _ elfClass: ELFClass
  ) throws(RemoteprocError) -> ProcessorCoredump {
    let memory = dumpMemory(session, options, elfClass)
    let notes = options.form == .elf ? dumpNotes(session, options, memory) : []
    let contents = CoredumpContents(
      form: options.form, elfClass: elfClass, machine: platform.machine ?? .none,
      entry: bootAddress ?? DeviceAddress(rawValue: 0), segments: memory.segments, notes: notes)
    let layout = try Self.wrap { () throws(CoredumpError) in try CoredumpLayout(contents) }
    return ProcessorCoredump(layout, windows: memory.windows, timeLimit: options.timeLimit)
  }

  /// Carveouts, message buffers, what the image loads, and what the platform adds; in this order.
  private func dumpMemory(
    _ session: BootSession, _ options: CoredumpOptions, _ elfClass: ELFClass
  ) -> DumpMemory {
    var memory = DumpMemory(elfClass: elfClass)
    for carveout in session.carveouts {
      let isWanted =
        switch carveout.purpose {
        case .carveout, .image: true
        case .vring, .buffers: options.includesRings
        }
      memory.add(carveout.name, at: carveout.da, carveout.window, isWanted: isWanted)
    }
    for device in session.devices {
      guard let buffers = device.device.buffers else { continue }
      memory.add(
        WireName("vdev\(device.device.index)buffer"), at: buffers.start, buffers.memory,
        isWanted: options.includesRings)
    }
    // An image that was moved lies in a carveout; its own addresses mean nothing.
    let image = session.placed == nil ? session.image : nil
    let ranges = image.map { Self.ranges(of: $0) } ?? []
    for (index, (_, range)) in ranges.enumerated() {
      memory.add(WireName("segment\(index)"), at: range.start, byteCount: range.byteCount) {
        // Inside a range that does not wrap.
        let da = DeviceAddress(rawValue: range.start.rawValue + $0)
        return window(at: da, byteCount: $1, in: session)
      }
    }
    for segment in platform.dumpSegments {
      memory.add(segment.name, at: segment.da, byteCount: segment.byteCount) {
        segment.window?.window(at: $0, byteCount: $1)
      }
    }
    return memory
  }

  static func wrap<Result>(
    _ body: () throws(CoredumpError) -> Result
  ) throws(RemoteprocError) -> Result {
    do throws(CoredumpError) { return try body() } catch { throw .coredump(error) }
  }
}
