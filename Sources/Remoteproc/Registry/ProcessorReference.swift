/// A processor that was found by name and is up: one valid reference, and one user of its power.
///
/// Both are given back by ``put()``, exactly once; it happens by itself, a little later, when the
/// reference goes out of scope.
public struct ProcessorReference: ~Copyable, Sendable {
  /// The processor.
  public let processor: any ManagedProcessor
  private let registry: ProcessorRegistry
  private var isOver = false

  init(processor: any ManagedProcessor, registry: ProcessorRegistry) {
    self.processor = processor
    self.registry = registry
  }

  deinit {
    guard !isOver else { return }
    let (processor, registry) = (processor, registry)
    Task {
      do throws(RegistryError) { try await Self.end(processor, registry) } catch {
        // Nobody is left to tell.
      }
    }
  }

  /// Ends the use; the last user stops the processor.
  ///
  /// - Throws: ``RegistryError/processor(_:)`` when it does not stop, or was unregistered; the
  ///   reference is gone all the same.
  public consuming func put() async throws(RegistryError) {
    isOver = true
    try await Self.end(processor, registry)
  }

  private static func end(
    _ processor: any ManagedProcessor, _ registry: ProcessorRegistry
  ) async throws(RegistryError) {
    await registry.dropReference(to: processor)
    do throws(RemoteprocError) { try await processor.shutdown() } catch { throw .processor(error) }
  }
}
