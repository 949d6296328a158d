import Glibc

/// A shared library that is opened when it is needed, so that the package runs without it.
@safe
struct DynamicLibrary: ~Copyable {
  private let handle: UnsafeMutableRawPointer

  /// Opens the library of this name; `nil` when the machine has none.
  init?(_ name: String) {
    guard let handle = unsafe dlopen(name, RTLD_NOW | RTLD_LOCAL) else { return nil }
    unsafe self.handle = handle
  }

  deinit { unsafe dlclose(handle) }

  /// The function `name`, or `nil` when the library has none.
  ///
  /// It may be called as long as the library is open.
  ///
  /// - Precondition: `Function` is the type that the library's own header gives `name`.
  @unsafe
  func function<Function>(_ name: String, as type: Function.Type) -> Function? {
    guard let symbol = unsafe dlsym(handle, name) else { return nil }
    // SAFETY: C functions are addresses; that the type fits is the caller's promise.
    return unsafe unsafeBitCast(symbol, to: Function.self)
  }
}
