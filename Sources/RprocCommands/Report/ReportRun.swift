package import Remoteproc
import RPMsgBus
import SharedMemory
import Virtio
package import WireTypes

/// Boots an image for its report, and stops it again.
package enum ReportRun {
  /// Boots `bytes` on `processor`, binds a message bus to each device that one can drive, describes
  /// the result, and stops the processor.
  ///
  /// - Parameters:
  ///   - bytes: an image as it was read.
  ///   - reading: what the image does not say itself.
  ///   - processor: a processor that is offline, and is so again after.
  ///   - options: how to boot.
  ///   - plan: what happens besides one boot.
  ///   - kicks: reads how often each notify id was kicked, where the platform counts that.
  ///   - atCrash: looks at the processor that crashed, before it starts again.
  /// - Returns: what came of it; a refusal is a report as well.
  package static func report<Platform: PlatformDriver & ~Copyable>(
    _ bytes: [UInt8], reading: FirmwareImage.Options = .init(),
    on processor: inout RemoteProcessor<Platform>, options: BootOptions,
    plan: ReportPlan = ReportPlan(), kicks: (borrowing Platform) -> [NotifyID: UInt64],
    atCrash: (borrowing RemoteProcessor<Platform>) -> Void = { _ in }
  ) -> BootReport {
    var wasParsed = false
    do throws(RemoteprocError) {
      let image = try FirmwareImage(parsing: bytes, reading)
      wasParsed = true
      for _ in 0..<plan.userCount { try processor.boot(image, options: options) }
    } catch {
      return BootReport(
        rejected: error, bootAddress: wasParsed ? processor.bootAddress : nil,
        state: processor.state)
    }
    var report = describe(processor, kicks)
    if let crash = plan.crash {
      report.afterCrash = [recover(&processor, from: crash, kicks, atCrash)]
    }
    do throws(RemoteprocError) {
      while processor.userCount > 0 { try processor.shutdown() }
    } catch {
      report.notices.append("\(error)")
    }
    report.stateAfterStop = "\(processor.state)"
    return report
  }

  /// What a running processor looks like with buses on its devices.
  private static func describe<Platform: PlatformDriver & ~Copyable>(
    _ processor: borrowing RemoteProcessor<Platform>,
    _ kicks: (borrowing Platform) -> [NotifyID: UInt64]
  ) -> BootReport {
    let buses = bind(processor)
    let report = BootReport(running: processor, kicks: kicks(processor.platform))
    for bus in buses { bus.close() }
    return report
  }

  /// The same after a crash and a recovery.
  private static func recover<Platform: PlatformDriver & ~Copyable>(
    _ processor: inout RemoteProcessor<Platform>, from crash: CrashReport,
    _ kicks: (borrowing Platform) -> [NotifyID: UInt64],
    _ atCrash: (borrowing RemoteProcessor<Platform>) -> Void
  ) -> BootReport {
    processor.crash(crash)
    do throws(RemoteprocError) {
      try processor.quiesce()
      atCrash(processor)
      try processor.recover()
    } catch {
      return BootReport(
        rejected: error, bootAddress: processor.bootAddress, state: processor.state)
    }
    return describe(processor, kicks)
  }

  /// A bus for each device that wants one; a device that no bus can drive keeps status "failed".
  private static func bind<Platform: PlatformDriver & ~Copyable>(
    _ processor: borrowing RemoteProcessor<Platform>
  ) -> [RPMsgHostBus] {
    let doorbell = processor.doorbell
    return processor.devices.compactMap { vdev in
      guard vdev.isForDriver, vdev.id == .rpmsg else { return nil }
      do throws(RPMsgBusError) {
        return try RPMsgHostBus(binding: vdev.device, doorbell: doorbell)
      } catch { return nil }
    }
  }
}
