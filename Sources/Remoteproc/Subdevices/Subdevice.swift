/// Something that lives on a processor and must follow its life, such as a message bus.
///
/// Sub-devices are prepared and started in the order in which they were added, and stopped and
/// unprepared in reverse; one that failed is not undone, each one before it is. Calls come from
/// the thread that owns the processor, never two at once. They come again after each recovery.
///
/// Source: practice (Linux remoteproc).
public protocol Subdevice: Sendable {
  /// What messages call it.
  var name: String { get }

  /// Before the processor starts, with all memory in place; nothing by default.
  ///
  /// - Throws: ``SubdeviceError``, with everything undone.
  func prepare(_ resources: ProcessorResources) throws(SubdeviceError)

  /// After the processor has started; nothing by default.
  ///
  /// - Throws: ``SubdeviceError``, with everything undone.
  func start(_ resources: ProcessorResources) throws(SubdeviceError)

  /// Before the processor is stopped, or left. When it returns nothing touches memory of the
  /// processor any more.
  ///
  /// - Parameter crashed: whether the processor has crashed, so that nothing can be asked of it.
  func stop(crashed: Bool)

  /// After the processor was stopped; nothing by default.
  func unprepare()
}

extension Subdevice {
  /// Does nothing.
  public func prepare(_ resources: ProcessorResources) throws(SubdeviceError) {}
  /// Does nothing.
  public func start(_ resources: ProcessorResources) throws(SubdeviceError) {}
  /// Does nothing.
  public func unprepare() {}
}

/// Why a ``Subdevice`` could not be prepared or started.
public enum SubdeviceError: Error, Equatable, Sendable {
  /// The system, or a driver, refused with this `errno` (a positive number).
  case system(errno: Int32)
  /// The processor's firmware offers something that cannot be used; `reason` is one line.
  case unusable(reason: String)
}

extension SubdeviceError: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    switch self {
    case .system(let errno): "refused with errno \(errno)"
    case .unusable(let reason): reason
    }
  }

  /// The nearest `errno`; a positive number.
  public var errno: Int32 {
    switch self {
    case .system(let errno): errno
    case .unusable: 22  // EINVAL
    }
  }
}
