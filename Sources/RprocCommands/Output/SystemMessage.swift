import Foundation

/// The system's words for `code`, with the number.
func systemMessage(_ code: Int32) -> String {
  // SAFETY: the result is a string of the C library that stays valid until this thread asks again.
  unsafe "\(String(cString: strerror(code))) (errno \(code))"
}
