import Boards
import ELF
import PlatformNull
import PlatformSimulator
import Remoteproc
import Scheduling
import TestSupport
import Testing

/// A check of firmware says what a boot of it does: error for error, on every board and profile.
@Suite("A check agrees with the boot")
struct CheckAgreementTests {
  private static let profiles: [CompatibilityProfile] = [.default, .linux]
  private static let mutationCount = 12

  /// The images as they are, and changed.
  private static func images(seed: UInt64) throws -> [(name: String, bytes: [UInt8])] {
    let originals = try ImageCorpus.shipped() + ImageCorpus.conformance()
    var mutator = ImageMutator(seed: seed)
    return originals
      + originals.flatMap { image in
        let hot = hotRanges(of: image.bytes)
        return (0..<mutationCount).map { index in
          ("\(image.name) mutation \(index) of seed \(seed)", mutator.mutate(image.bytes, hot: hot))
        }
      }
  }

  /// Headers, section headers, and above all the resource table.
  private static func hotRanges(of bytes: [UInt8]) -> [Range<Int>] {
    guard let file = try? ELFFile(parsing: bytes) else { return [0..<64] }
    var ranges = [0..<file.elfClass.headerByteCount + 2 * file.elfClass.segmentHeaderByteCount]
    if file.sectionTableOffset < UInt64(bytes.count) {
      ranges.append(Int(file.sectionTableOffset)..<bytes.count)
    }
    let table = try? file.section(named: ELFFirmware.tableSectionName, strictness: .memorySafe)
    if let table, table.offset < UInt64(bytes.count), table.byteCount < UInt64(bytes.count) {
      let start = Int(table.offset)
      ranges += [Range<Int>](repeating: start..<start + Int(table.byteCount) + 1, count: 5)
    }
    return ranges
  }

  /// Compares check and boot of `bytes`; returns whether it boots.
  private func compare<Platform: PlatformDriver & ~Copyable>(
    _ name: String, _ bytes: [UInt8], _ options: BootOptions,
    on processor: inout RemoteProcessor<Platform>
  ) throws -> Bool {
    let image: ELFFirmware
    do throws(RemoteprocError) { image = try ELFFirmware(parsing: bytes) } catch { return false }
    let check = try processor.check(image, options: options)
    #expect(processor.state == .offline, "\(name)")
    let again = try processor.check(image, options: options)
    #expect(check == again, "\(name): a check leaves something behind")
    do throws(RemoteprocError) {
      try processor.boot(image, options: options)
    } catch {
      #expect(check.faults.first?.error == error, "\(name), \(options.profile)")
      return false
    }
    let notices = processor.notices
    #expect(check.faults == [], "\(name), \(options.profile): boots")
    #expect(check.notices == notices, "\(name), \(options.profile)")
    try processor.shutdown(gracePeriod: .zero)
    return true
  }

  @Test("On the null board", arguments: [1])
  func null(seed: UInt64) throws {
    var processor = RemoteProcessor(platform: try NullPlatform())
    var booted = 0
    var refused = 0
    for (name, bytes) in try Self.images(seed: seed) {
      for profile in Self.profiles {
        for isOptional in [false, true] {
          let options = BootOptions(profile: profile, tableIsOptional: isOptional)
          if try compare(name, bytes, options, on: &processor) {
            booted += 1
          } else {
            refused += 1
          }
          #expect(processor.platform.grantedByteCount == 0, "\(name) left memory behind")
        }
      }
    }
    #expect(booted > 20 && refused > 20, "\(booted) booted, \(refused) refused")
  }

  @Test("On the simulated boards", arguments: [("virt-rv32", 2), ("virt-rv32-mmu", 3)])
  func simulator(board: String, seed: UInt64) throws {
    let pool = WorkerPool(name: "check", threadCount: 1)
    let inbox = NotificationDispatcher(pool: pool).makeInbox()
    var processor = RemoteProcessor(
      platform: try SimulatorPlatform(
        board: try Board.named(board), inbox: inbox, pool: pool))
    var booted = 0
    var refused = 0
    for (name, bytes) in try Self.images(seed: seed) {
      for profile in Self.profiles {
        if try compare(name, bytes, BootOptions(profile: profile), on: &processor) {
          booted += 1
        } else {
          refused += 1
        }
      }
    }
    #expect(booted > 20 && refused > 20, "\(booted) booted, \(refused) refused")
  }
}
