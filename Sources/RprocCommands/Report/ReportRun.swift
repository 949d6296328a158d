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
  ///   - kicks: reads how often each notify id was kicked, where the platform counts that.
  /// - Returns: what came of it; a refusal is a report as well.
  package static func report<Platform: PlatformDriver & ~Copyable>(
    _ bytes: [UInt8], reading: FirmwareImage.Options = .init(),
    on processor: inout RemoteProcessor<Platform>, options: BootOptions,
    kicks: (borrowing Platform) -> [NotifyID: UInt64]
  ) -> BootReport {
    var wasParsed = false
    do throws(RemoteprocError) {
      let image = try FirmwareImage(parsing: bytes, reading)
      wasParsed = true
      try processor.boot(image, options: options)
    } catch {
      return BootReport(
        rejected: error, bootAddress: wasParsed ? processor.bootAddress : nil,
        state: processor.state)
    }
    let buses = bind(processor)
    var report = BootReport(running: processor, kicks: kicks(processor.platform))
    for bus in buses { bus.close() }
    do throws(RemoteprocError) { try processor.shutdown() } catch {
      report.notices.append("\(error)")
    }
    report.stateAfterStop = "\(processor.state)"
    return report
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
