import Foundation

/// The descriptors 0 to 2 of this process.
enum StandardDescriptors {
  /// Puts something harmless where standard input, output or error was closed by who started us.
  ///
  /// The next file that is opened would get the number else, and that is the memory of the
  /// simulated chip: what is written for the user would land in the firmware. The files are opened
  /// for the wrong direction, so that they fail as closed ones do.
  static func occupy() {
    // In this order, as a new file gets the lowest free number.
    for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
      _ = unsafe open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}
