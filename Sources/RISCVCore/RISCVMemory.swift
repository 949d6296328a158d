public import CoreSupport

/// Memory that a core sees, and what its program may do with it.
public typealias RISCVMemory = CoreWindow

/// Why a core could not be made.
public typealias RISCVCoreError = CoreWindowError
