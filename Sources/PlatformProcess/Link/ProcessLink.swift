/// Where two processes meet: a file that both map, and a Unix socket that the remote listens on.
///
/// | Offset   | Bytes   | What                                                        |
/// |---------:|--------:|-------------------------------------------------------------|
/// |      0x0 |  0x3000 | resource table, written by the remote before it listens      |
/// |   0x3000 |  0x1000 | doorbell of two processes of this package; else unused       |
/// |   0x4000 |  0x4000 | vring 0, remote to host                                     |
/// |   0x8000 |  0x8000 | vring 1, host to remote                                     |
/// |  0x10000 | the rest | message buffers                                            |
///
/// Addresses, physical and of the device, are offsets in the file. The places of the rings are
/// those of the common table; the table decides. Source: practice (open-amp's two-process
/// programs).
public struct ProcessLink: Equatable, Sendable {
  /// The file, by its path.
  public var file: String
  /// The socket, by its path.
  public var socket: String
  /// Bytes of the file that are used; a multiple of a page, more than 0x10000.
  public var byteCount: Int
  /// Whether a doorbell of shared words is used when the other side has it, too.
  ///
  /// Kicks then cost no system call while the other side is awake.
  public var prefersSharedDoorbell = true

  /// Names the meeting place.
  public init(file: String, socket: String, byteCount: Int = Self.standardByteCount) {
    self.file = file
    self.socket = socket
    self.byteCount = byteCount
  }

  /// The names and the size that open-amp's programs have built in.
  public static let openAMP = ProcessLink(
    file: "/dev/shm/openamp.shm", socket: "/tmp/openamp.event.0")

  /// Bytes of the file unless said otherwise.
  public static let standardByteCount = 0x80000
  /// Bytes at the start that belong to the resource table.
  static let tableByteCount = 0x3000
  static let doorbellOffset = 0x3000
  static let ringOffsets = [0x4000, 0x8000]
  static let poolOffset = 0x10000

  /// The variables of the environment that tell a program where its host is.
  public enum Variable {
    /// The path of the file.
    public static let file = "RPROC_SHARED_FILE"
    /// The path of the socket.
    public static let socket = "RPROC_SOCKET"
    /// Bytes of the file, in decimal.
    public static let byteCount = "RPROC_SHARED_BYTES"
  }

  /// The meeting place that `environment` names; open-amp's where it names nothing.
  public init(environment: [String: String]) {
    self = .openAMP
    if let file = environment[Variable.file] { self.file = file }
    if let socket = environment[Variable.socket] { self.socket = socket }
    if let count = environment[Variable.byteCount].flatMap({ Int($0) }) { byteCount = count }
  }

  /// What a program that is started needs in its environment.
  var environment: [String] {
    [
      "\(Variable.file)=\(file)", "\(Variable.socket)=\(socket)",
      "\(Variable.byteCount)=\(byteCount)",
    ]
  }

  func check() throws(ProcessError) {
    for path in [file, socket] {
      guard !path.isEmpty, !path.utf8.contains(0) else { throw .badPath(path) }
    }
    guard socket.utf8.count < SocketAddress.pathCapacity else { throw .badPath(socket) }
    let page = SharedFile.pageByteCount
    guard byteCount > Self.poolOffset, byteCount <= 1 << 31, byteCount % page == 0 else {
      throw .badSize(byteCount)
    }
  }
}
