public import RPMsg
public import ResourceTable
public import SharedMemory
public import Virtio

/// How a program ended.
public enum ProcessEnd: Equatable, Sendable {
  /// By itself, with this code.
  case exited(code: Int32)
  /// By this signal.
  case killed(signal: Int32)
}

/// Why two processes do not come together.
public enum ProcessError: Error, Equatable, Sendable {
  /// What was being done.
  public enum Operation: Equatable, Sendable {
    /// Opening or making the shared file.
    case openFile
    /// Giving the shared file its size.
    case resizeFile
    /// Making a socket, or what wakes a thread that waits for one.
    case makeSocket
    /// Listening for the host.
    case listen
    /// Waiting for the host to connect.
    case accept
    /// Connecting to the remote.
    case connect
    /// Starting the program.
    case startProgram
    /// Waiting for the driver to be ready.
    case waitForDriver
    /// Stopping the program.
    case stopProgram
  }

  /// The operating system refused with this `errno`.
  case system(Operation, errno: Int32)
  /// A path that is empty, has a NUL, or is too long for a socket.
  case badPath(String)
  /// A size of the shared file that is no whole number of pages above 0x10000.
  case badSize(Int)
  /// The shared file ends before the bytes that are to be shared.
  case fileTooShort(needed: Int, available: Int)
  /// Another host uses the shared file.
  case inUse(file: String)
  /// The shared file cannot be mapped.
  case memory(SharedMemoryError)
  /// It was not done after this time.
  case timedOut(Operation, after: Duration)
  /// The program ended before the remote was there.
  case programEnded(ProcessEnd)
  /// The other process has closed its end.
  case peerGone
  /// The resource table cannot be made.
  case table(ResourceTableError)
  /// The device of the table cannot be used.
  case device(VirtioError)
  /// The rings cannot be used.
  case rings(RPMsgError)
}

extension ProcessEnd: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    switch self {
    case .exited(let code): "exited with code \(code)"
    case .killed(let signal): "ended by signal \(signal)"
    }
  }
}

extension ProcessError: CustomStringConvertible {
  /// One line for a person: what is wrong, and by how much.
  public var description: String {
    switch self {
    case .system(let operation, let errno): "\(operation) failed with errno \(errno)"
    case .badPath(let path): "a path of \(path.utf8.count) bytes cannot be used"
    case .badSize(let byteCount): "a shared file of \(byteCount) bytes is not possible"
    case .fileTooShort(let needed, let available):
      "the shared file has \(available) bytes, \(needed) are needed"
    case .inUse: "another host uses the shared file"
    case .memory(let error): error.description
    case .timedOut(let operation, let time): "\(operation) not done after \(time)"
    case .programEnded(let end): "the program \(end)"
    case .peerGone: "the other process is gone"
    case .table(let error): error.description
    case .device(let error): error.description
    case .rings(let error): error.description
    }
  }
}
