import ELF
import IntelHex
import PlatformNull
import Remoteproc
import SharedMemory
import TestSupport
import Testing
import WireTypes

/// A board whose processor starts where two registers say.
private struct TwoRegisterPlatform: PlatformDriver {
  final class Registers: Sendable {
    let script = PlatformScript()
  }

  private var inner: TestPlatform
  let registers = Registers()

  init() throws {
    inner = try TestPlatform()
    inner.showsRAM = true
  }

  var doorbell: KickCounter { inner.doorbell }
  mutating func allocate(_ request: MemoryRequest) throws(PlatformError) -> MemoryGrant {
    try inner.allocate(request)
  }
  mutating func release(_ grant: MemoryGrant) { inner.release(grant) }
  func translate(_ range: AddressRange<DeviceAddress>) -> SharedWindow? {
    inner.translate(range)
  }
  mutating func start(at bootAddress: DeviceAddress) throws(PlatformError) {
    let (low, high) = bootAddress.words
    registers.script.note("low \(low), high \(high)")
  }
  mutating func stop() throws(PlatformError) {}
}

@Suite("Images of other formats")
struct ImageFormatTests {
  private static let base = TestPlatform.base

  private func platform() throws -> TestPlatform {
    var platform = try TestPlatform()
    platform.showsRAM = true
    return platform
  }

  private func refusal(
    of image: some FirmwareFormat, on platform: TestPlatform? = nil,
    _ options: BootOptions = BootOptions()
  ) throws -> RemoteprocError? {
    var processor = RemoteProcessor(platform: try platform ?? self.platform())
    do throws(RemoteprocError) {
      try processor.boot(image, options: options)
      return nil
    } catch {
      expectClean(processor)
      return error
    }
  }

  private func bytes(
    at address: UInt64, _ count: Int, of processor: borrowing RemoteProcessor<TestPlatform>
  ) throws -> [UInt8] {
    let window = try #require(processor.window(at: try deviceRange(address, UInt64(count))))
    return window.testBytes
  }

  private func hex(entry: UInt32? = UInt32(base)) -> [UInt8] {
    HexText.file(
      [HexText.linear(0x8000), HexText.record(0, 0, [1, 2]), HexText.record(0, 0x100, [3])]
        + (entry.map { [HexText.start($0)] } ?? []) + [HexText.end])
  }

  @Test("A raw binary goes where the user says, and starts there or at the entry")
  func binary() throws {
    var processor = RemoteProcessor(platform: try platform())
    try processor.boot(BinaryFirmware([1, 2, 3], loadAddress: device(Self.base + 8)))
    #expect(try bytes(at: Self.base + 8, 3, of: processor) == [1, 2, 3])
    #expect(processor.bootAddress == device(Self.base + 8))
    #expect(processor.table == nil && processor.carveouts.isEmpty)
    try processor.shutdown()
    let firmware = try BinaryFirmware(
      [1, 2, 3], loadAddress: device(Self.base), entry: device(Self.base + 2))
    try processor.boot(firmware)
    #expect(processor.platform.script.calls.contains("start 0x80000002"))
  }

  @Test("An empty binary, and one that ends outside the address space")
  func badBinary() {
    #expect(throws: RemoteprocError.emptyImage) {
      try BinaryFirmware([], loadAddress: device(0))
    }
    #expect(
      throws: RemoteprocError.imageBeyondAddressSpace(da: device(.max), byteCount: 2)
    ) { try BinaryFirmware([1, 2], loadAddress: device(.max)) }
  }

  @Test("An image that lies in no memory names the place")
  func nowhere() throws {
    let firmware = try BinaryFirmware([1, 2], loadAddress: device(0x100))
    #expect(
      try refusal(of: firmware)
        == .segmentNotInMemory(header: 0, da: device(0x100), byteCount: 2))
    let hidden = try TestPlatform()
    #expect(
      try refusal(of: HexFirmware(parsing: hex()), on: hidden)
        == .segmentNotInMemory(header: 16, da: device(Self.base), byteCount: 2))
  }

  @Test("Intel HEX: each segment at its address; the entry of the file, or another")
  func hexFile() throws {
    var processor = RemoteProcessor(platform: try platform())
    try processor.boot(HexFirmware(parsing: hex()))
    #expect(try bytes(at: Self.base, 2, of: processor) == [1, 2])
    #expect(try bytes(at: Self.base + 0x100, 1, of: processor) == [3])
    #expect(processor.bootAddress == device(Self.base))
    try processor.shutdown()
    try processor.boot(HexFirmware(parsing: hex(entry: nil), entry: device(Self.base + 0x100)))
    #expect(processor.bootAddress == device(Self.base + 0x100))
  }

  @Test("Intel HEX that breaks a rule, or does not say where to start")
  func badHex() {
    #expect(throws: RemoteprocError.hexFile(.missingEnd(line: 1, offset: 0))) {
      try HexFirmware(parsing: [])
    }
    #expect(throws: RemoteprocError.hexFile(.noEntry)) {
      try HexFirmware(parsing: hex(entry: nil))
    }
  }

  @Test("E17 An entry outside the image is refused in the default profile alone")
  func entries() throws {
    let outside = device(Self.base + 3)
    for entry in [Self.base + 3, Self.base - 1].map(device) {
      let firmware = try BinaryFirmware([1, 2, 3], loadAddress: device(Self.base), entry: entry)
      #expect(try refusal(of: firmware) == .entryOutOfImage(entry))
    }
    let firmware = try HexFirmware(parsing: hex(), entry: outside)
    #expect(try refusal(of: firmware) == .entryOutOfImage(outside))
    #expect(try refusal(of: firmware, BootOptions(profile: .linux)) == nil)
  }

  @Test("The format is told from the bytes")
  func detection() throws {
    let elf = try TestFirmware().build().file.bytes
    #expect(try FirmwareImage(parsing: elf).formatName == "ELF32")
    #expect(try FirmwareImage(parsing: elf).elfFile != nil)
    let text = try FirmwareImage(parsing: hex())
    #expect(text.formatName == "hex" && text.elfFile == nil && !text.mayHoldTable)
    #expect(text.segmentCount == 2)
    #expect(FirmwareImage.format(of: [1, 2, 3]) == .elf)
    #expect(FirmwareImage.format(of: [1, 2, 3], hasLoadAddress: true) == .binary)
    #expect(FirmwareImage.format(of: hex(), hasLoadAddress: true) == .hex)
    #expect(throws: RemoteprocError.image(.truncatedHeader(needed: 52, available: 3))) {
      try FirmwareImage(parsing: [1, 2, 3])
    }
  }

  @Test("The user's word on the format counts; options that do not go with it are refused")
  func options() throws {
    let elf = try TestFirmware().build().file.bytes
    let place = device(Self.base)
    let raw = try FirmwareImage(parsing: elf, .init(format: .binary, loadAddress: place))
    #expect(raw.formatName == "bin" && raw.bootAddress == place)
    #expect(try raw.segment(at: 0)?.byteCount == UInt64(elf.count))
    for (options, error) in [
      (.init(format: .binary), .imageOptionMissing(.loadAddress, format: .binary)),
      (.init(loadAddress: place), .imageOptionUnused(.loadAddress, format: .elf)),
      (.init(entry: place), .imageOptionUnused(.entry, format: .elf)),
    ] as [(FirmwareImage.Options, RemoteprocError)] {
      #expect(throws: error) { try FirmwareImage(parsing: elf, options) }
    }
    #expect(throws: RemoteprocError.imageOptionUnused(.loadAddress, format: .hex)) {
      try FirmwareImage(parsing: hex(), .init(loadAddress: place))
    }
    #expect(throws: RemoteprocError.hexFile(.noRecordMark(line: 1, offset: 0, byte: 0x7f))) {
      try FirmwareImage(parsing: elf, .init(format: .hex))
    }
  }

  @Test(
    "Each error of an image is one line",
    arguments: [
      RemoteprocError.emptyImage, .imageOptionMissing(.loadAddress, format: .binary),
      .imageOptionUnused(.entry, format: .elf), .notRelocatable(format: "bin"),
      .entryOutOfImage(DeviceAddress(rawValue: 5)), .hexFile(.noData),
      .imageBeyondAddressSpace(da: DeviceAddress(rawValue: 5), byteCount: 6),
    ])
  func texts(error: RemoteprocError) {
    #expect(!error.description.isEmpty && !error.description.contains("\n"))
    #expect(error.errnoName == "EINVAL")
  }

  @Test("The boot address goes to the platform as it is; two registers hold both its halves")
  func registers() throws {
    #expect(device(0x1_8000_0004).words == (0x8000_0004, 1))
    let platform = try TwoRegisterPlatform()
    let script = platform.registers.script
    var processor = RemoteProcessor(platform: platform)
    try processor.boot(BinaryFirmware([1, 2, 3, 4], loadAddress: device(Self.base)))
    #expect(script.calls == ["low 2147483648, high 0"])
  }
}
