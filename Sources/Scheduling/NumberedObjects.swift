public import Synchronization

/// Objects by a 32-bit number, found in constant time and without a lock.
///
/// Three levels of tables that are made when they are first needed and kept until the end; a table
/// of numbers that lie together takes 8 bytes for each of 1024, and the root 16 KiB. It keeps
/// no object alive: that, and that only one thread stores at a time, is the owner's to see to.
@safe
public struct NumberedObjects<Object: AnyObject & Sendable>: ~Copyable, @unchecked Sendable {
  // SAFETY (unchecked Sendable): the tables are reached by atomic loads and stores, and no table
  // is freed before the owner is.
  @usableFromInline
  typealias Cell = Atomic<UnsafeMutableRawPointer?>

  @usableFromInline let root: UnsafeMutablePointer<Cell>
  @usableFromInline static var upperCount: Int { 2048 }
  @usableFromInline static var leafCount: Int { 1024 }

  /// Makes an empty table.
  public init() { unsafe root = Self.table(Self.upperCount) }

  deinit {
    for upper in 0..<Self.upperCount {
      guard let middle = unsafe Self.follow(root, upper) else { continue }
      for lower in 0..<Self.upperCount {
        guard let leaf = unsafe Self.follow(middle, lower) else { continue }
        unsafe Self.free(leaf, Self.leafCount)
      }
      unsafe Self.free(middle, Self.upperCount)
    }
    unsafe Self.free(root, Self.upperCount)
  }

  private static func table(_ count: Int) -> UnsafeMutablePointer<Cell> {
    let cells = UnsafeMutablePointer<Cell>.allocate(capacity: count)
    for index in 0..<count { unsafe (cells + index).initialize(to: Atomic(nil)) }
    return unsafe cells
  }

  private static func free(_ table: UnsafeMutablePointer<Cell>, _ count: Int) {
    unsafe table.deinitialize(count: count)
    unsafe table.deallocate()
  }

  @inlinable
  static func follow(
    _ table: UnsafeMutablePointer<Cell>, _ index: Int
  ) -> UnsafeMutablePointer<Cell>? {
    // ORDERING: a table is seen only with its cells made.
    // SAFETY: callers pass indices below the size of the table.
    guard let next = unsafe table[index].load(ordering: .acquiring) else { return nil }
    return unsafe next.assumingMemoryBound(to: Cell.self)
  }

  /// The object of `number`, or `nil`.
  ///
  /// - Precondition: whoever removes objects keeps them alive as long as the result is in use.
  @inlinable
  public borrowing func find(_ number: UInt32) -> Unmanaged<Object>? {
    guard let middle = unsafe Self.follow(root, Int(number &>> 21)),
      let leaf = unsafe Self.follow(middle, Int(number &>> 10 & 0x7ff)),
      // ORDERING: an object is seen only with what it was made of.
      let object = unsafe leaf[Int(number & 0x3ff)].load(ordering: .acquiring)
    else { return nil }
    return unsafe Unmanaged.fromOpaque(object)
  }

  /// Says that `number` has `object` from now on, or none.
  ///
  /// - Precondition: no other thread stores at the same time.
  public borrowing func store(_ object: Object?, at number: UInt32) {
    let middle = unsafe Self.next(root, Int(number &>> 21), Self.upperCount)
    let leaf = unsafe Self.next(middle, Int(number &>> 10 & 0x7ff), Self.leafCount)
    let cell = unsafe object.map { unsafe Unmanaged.passUnretained($0).toOpaque() }
    // ORDERING: pairs with the load in `find`.
    unsafe leaf[Int(number & 0x3ff)].store(cell, ordering: .releasing)
  }

  private static func next(
    _ table: UnsafeMutablePointer<Cell>, _ index: Int, _ count: Int
  ) -> UnsafeMutablePointer<Cell> {
    if let next = unsafe follow(table, index) { return unsafe next }
    let made = unsafe Self.table(count)
    // ORDERING: pairs with the load in `follow`.
    unsafe table[index].store(UnsafeMutableRawPointer(made), ordering: .releasing)
    return unsafe made
  }
}
