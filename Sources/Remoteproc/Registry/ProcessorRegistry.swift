/// The processors of a system by name.
///
/// A name is taken by ``AllocatedProcessor/register(in:)`` and given back by
/// ``RegisteredProcessor/unregister()``. Two counts are kept apart, as in the first remoteproc
/// framework: how many references are valid (here), and how many users want the power on
/// (``ManagedProcessor/userCount``).
public actor ProcessorRegistry {
  private struct Entry {
    let processor: any ManagedProcessor
    var referenceCount = 1
  }

  private var entries: [String: Entry] = [:]

  /// Makes a registry without a processor.
  public init() {}

  /// The names of all processors, sorted.
  public var names: [String] { entries.keys.sorted() }

  /// Valid references to a processor, its registration included; 0 when there is none of the name.
  public func referenceCount(of name: String) -> Int { entries[name]?.referenceCount ?? 0 }

  /// The processor called `name`, without a boot and without a reference: it may be unregistered
  /// at any time, and then refuses everything.
  public func processor(named name: String) -> (any ManagedProcessor)? { entries[name]?.processor }

  /// Finds a processor by name, boots it, and takes a reference; one that is up only gets one more
  /// user.
  ///
  /// - Throws: ``RegistryError/notFound(_:)``, or ``RegistryError/processor(_:)`` when it does not
  ///   boot, with no reference taken.
  public func get(_ name: String) async throws(RegistryError) -> ProcessorReference {
    guard let processor = entries[name]?.processor else { throw .notFound(name) }
    entries[name]?.referenceCount += 1
    do throws(RemoteprocError) { try await processor.boot() } catch {
      dropReference(to: processor)
      throw .processor(error)
    }
    return ProcessorReference(processor: processor, registry: self)
  }

  func add(_ processor: any ManagedProcessor) throws(RegistryError) {
    let name = processor.name
    guard Self.isValid(name) else { throw .badName(name) }
    guard entries[name] == nil else { throw .nameTaken(name) }
    entries[name] = Entry(processor: processor)
  }

  /// Frees the name of a processor; references to it stay valid but find it deleted.
  func remove(_ processor: any ManagedProcessor) {
    guard entries[processor.name]?.processor === processor else { return }
    entries[processor.name] = nil
  }

  func dropReference(to processor: any ManagedProcessor) {
    guard entries[processor.name]?.processor === processor else { return }
    entries[processor.name]?.referenceCount -= 1
  }

  private static func isValid(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
