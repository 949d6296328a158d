import ArgumentParser
import Boards
import FirmwareFiles
import Foundation
import Remoteproc
import WireTypes

/// The image that a command is about: where it is found, and what it does not say itself.
struct ImageArguments: ParsableArguments {
  /// The variable of the environment with directories, separated by colons.
  static let pathVariable = "RPROC_FIRMWARE_PATH"

  @Argument(
    help: "The firmware: a file, or a name that is looked for as Linux does.",
    completion: .file())
  var image: String

  @Option(
    name: .customLong("firmware-path"),
    help: ArgumentHelp(
      "Look for the name here first. May be repeated.", valueName: "directory"))
  var firmwarePaths: [String] = []

  @Option(help: ArgumentHelp("The format: elf, bin or hex.", valueName: "format"))
  var format: FormatArgument?

  @Option(
    help: ArgumentHelp("Where a raw binary is loaded.", valueName: "address"),
    transform: ImageArguments.address)
  var loadAddress: DeviceAddress?

  @Option(
    help: ArgumentHelp(
      "Where execution of a raw binary or a hex file starts.", valueName: "address"),
    transform: ImageArguments.address)
  var entry: DeviceAddress?

  /// What the user says of the image.
  var options: FirmwareImage.Options {
    FirmwareImage.Options(format: format?.format, loadAddress: loadAddress, entry: entry)
  }

  /// Finds, reads and unpacks the file.
  ///
  /// - Throws: ``Failure`` with status 66, 65 or 69.
  func read(_ context: CommandContext) throws(Failure) -> ImageFile {
    let variable = context.environment[Self.pathVariable] ?? ""
    let directories = firmwarePaths + variable.split(separator: ":").map(String.init)
    return try ImageFile.forCommand(image, search: .standard(custom: directories))
  }

  /// The `errno` nearest to why ``read(_:)`` failed.
  func errno(reading failure: Failure) -> Int32 {
    for field in failure.details where field.key == "errno" {
      if case .integer(let number) = field.value { return Int32(clamping: number) }
    }
    return failure.kind.hasSuffix(".notFound") ? ENOENT : EINVAL
  }

  /// Reads the file and recognises it.
  ///
  /// - Throws: ``Failure`` with status 66, 65 or 69.
  func load(_ context: CommandContext) throws(Failure) -> LoadedImage {
    try LoadedImage(read(context), options)
  }

  /// The same for a session on `board`: a program that plays the remote may be of any format.
  func load(_ context: CommandContext, for board: Board) throws(Failure) -> LoadedImage {
    let file = try read(context)
    do throws(Failure) { return try LoadedImage(file, options) } catch {
      guard board.process != nil, format == nil else { throw error }
      return try LoadedImage(
        file,
        FirmwareImage.Options(
          format: .binary, loadAddress: DeviceAddress(rawValue: 0),
          entry: DeviceAddress(rawValue: 0)))
    }
  }

  private static func address(_ text: String) throws -> DeviceAddress {
    let isHex = text.hasPrefix("0x") || text.hasPrefix("0X")
    guard let value = UInt64(isHex ? String(text.dropFirst(2)) : text, radix: isHex ? 16 : 10)
    else {
      throw ValidationError("\(SafeText.escaped(text)) is not an address, such as 0x80000000")
    }
    return DeviceAddress(rawValue: value)
  }
}

/// The formats by the names that users give.
enum FormatArgument: String, CaseIterable, ExpressibleByArgument {
  case elf, bin, hex

  /// The format.
  var format: FirmwareImage.Format {
    switch self {
    case .elf: .elf
    case .bin: .binary
    case .hex: .hex
    }
  }
}

/// Who moves an image, by the names that users give.
enum RelocationArgument: String, CaseIterable, ExpressibleByArgument {
  case loader
  case itself = "self"
  case none

  /// Who does.
  var relocation: ImageRelocation {
    switch self {
    case .loader: .loader
    case .itself: .itself
    case .none: .none
    }
  }
}

extension ImageFile {
  /// The file `name`, or what `search` finds by that name, with errors as a command reports them.
  ///
  /// A file that is there is used as it is, and so is each path that cannot be searched for.
  static func forCommand(
    _ name: String, search: FirmwareSearch = .standard()
  ) throws(Failure) -> ImageFile {
    do throws(ImageFileError) {
      do throws(ImageFileError) { return try ImageFile(path: name) } catch {
        guard case .system(.open, _, ENOENT) = error, isSearchable(name) else { throw error }
      }
      return try search.read(name)
    } catch { throw Failure(error, status: status(of: error)) }
  }

  /// Whether a user who gives `name` may mean the name of firmware, and not this very path.
  private static func isSearchable(_ name: String) -> Bool {
    FirmwareSearch.isSearchable(name) && !name.hasPrefix("./")
  }

  private static func status(of error: ImageFileError) -> CommandStatus {
    switch error {
    case .libraryMissing: .unavailable
    case .unpacking: .refused
    default: .noInput
    }
  }
}
