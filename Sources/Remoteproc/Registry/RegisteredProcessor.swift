/// The owner's hold of a registered processor.
///
/// It ends by ``unregister()``, which happens by itself, a little later, when it goes out of scope.
public struct RegisteredProcessor: ~Copyable, Sendable {
  /// The processor, for any number of users.
  public let processor: any ManagedProcessor
  private let registry: ProcessorRegistry
  private let look: Task<Void, Never>
  private var isOver = false

  init(processor: any ManagedProcessor, registry: ProcessorRegistry, look: Task<Void, Never>) {
    self.processor = processor
    self.registry = registry
    self.look = look
  }

  deinit {
    guard !isOver else { return }
    let (processor, registry, look) = (processor, registry, look)
    Task {
      do throws(RegistryError) { try await Self.end(processor, registry, look) } catch {
        // Nobody is left to tell; the platform stops its processor when it goes.
      }
    }
  }

  /// Waits until the firmware was looked at, and the automatic boot has come or failed.
  public borrowing func settled() async { await look.value }

  /// Takes the name away, stops the processor whatever its users, and removes it for good.
  ///
  /// References that others hold stay valid; whatever they ask for is refused, as the processor
  /// is deleted.
  ///
  /// - Throws: ``RegistryError/processor(_:)`` when it does not stop; its name is free all the same.
  public consuming func unregister() async throws(RegistryError) {
    isOver = true
    try await Self.end(processor, registry, look)
  }

  private static func end(
    _ processor: any ManagedProcessor, _ registry: ProcessorRegistry, _ look: Task<Void, Never>
  ) async throws(RegistryError) {
    await registry.remove(processor)
    await look.value
    do throws(RemoteprocError) { try await processor.remove() } catch { throw .processor(error) }
  }
}
