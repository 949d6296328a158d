package import Remoteproc

/// A rule that `rproc check` applies, by the name that findings carry.
///
/// The names are a contract with other programs; `Documentation/Check.md` explains each.
package enum CheckRule: String, CaseIterable, Sendable {
  // Rules of the default profile; each case of `CompatibilityRule` is one of these.
  case imageIdentification, imageMachine, segmentPlacement, segmentAddressWidth, entryPoint
  case tableSection, tableLayout, tableVisible, carveoutName, resourceExtent, fixedAddress
  case resourceOverlap, ringSize, ringAlignment, ringCarveout, messageBuffers, traceVisible
  case deviceCount

  // Rules of every profile, about the image.
  case truncatedHeader, badMagic, unsupportedClass, unsupportedByteOrder, tableOutOfFile
  case noSegments, segmentOutOfFile, fileExceedsMemory, sectionOutOfFile, nameOutOfTable
  case noResourceTable, tableOutOfImage, segmentNotInMemory, bootAddress, emptyImage, hexFile
  case relocation

  // Rules of every profile, about the resource table.
  case tableTruncated, unsupportedVersion, reservedNotZero, offsetsTruncated, badEntryOffset
  case entryTruncated, vringCount, tooManyEntries, duplicateCarveout, carveoutTooSmall
  case carveoutMismatch, addressNotExpressible, carveoutBudget, outOfMemory, addressNotAvailable
  case emptyMemory, devmemWithoutIOMMU, devmemNotAllowed, iommuMapping, ringTooLarge
  case unsupportedDevice, badVringRecord, deviceEntry, vendorEntryRefused
  case platformFailed

  // What a boot only notes.
  case unknownEntry, vendorEntryIgnored

  // What no boot looks at.
  case loadAddressDiffers, tableAlignment, entryAlignment, unusedCarveout
  case presetPhysicalAddress, presetNotifyID, presetStatus, traceWithoutEnd, nameNotTerminated
  case nameNotPrintable, noNameService, noDriver, ringLargerThanBuffers, ringSizesDiffer

  /// The same rule as the boot knows it, or `nil` for a rule that no profile leaves out.
  package var compatibilityRule: CompatibilityRule? { CompatibilityRule(rawValue: rawValue) }
}
