/// What one record of a translated block does; dense, so that a switch over it is one indirect jump.
///
/// Names are those of the instructions. The second operand of `I` is an immediate, of `R` a
/// register, of `L`, `H` and `A` a register shifted left, right, or right with its sign. An `s` or
/// `NZ` in front of that sets flags, all that there are or N and Z alone. Of a name made of two, the
/// first record bears it and the second its own; only the second may leave the block.
enum HotOperation: UInt8, BitwiseCopyable, Sendable {
  case movI, movR, mvnR, addI, addR, addL, addH, addA, subR, subL, subH, subA, rsbI, rsbL, andI
  case andR, andL, andH, bicR, bicL, orrI, orrR, orrL, orrH, orrA, ornR, eorI, eorR, eorL, eorH
  case eorA, lslI, lsrI, asrI, rorI, lslR, lsrR, asrR, adcR, sbcR, adcI, addsI, addsR, subsI
  case subsR, rsbsI, cmpI, cmpR, movsI, movsR, mvnsR, andsI, andsR, bicsR, orrsR, orrsI, eorsR
  case eorsI, addNZI, addNZR, subNZR, lslNZI, lsrNZI, asrNZI, lslsI, lsrsI, asrsI, mul, muls, mla
  case mls, umull, smull, umlal, udiv, sdiv, ubfx, sbfx, bfi, uxtb, uxth, sxtb, sxth, clz, rev
  case movt, ldrI, ldrbI, ldrhI, ldrsbI, ldrshI, strI, strbI, strhI, ldrR, ldrbR, ldrhR, ldrsbR
  case ldrshR, strR, strbR, strhR, ldrPost, ldrPre, ldrbPost, ldrbPre, ldrhPost, ldrhPre, strPost
  case strPre, strbPost, strbPre, strhPost, strhPre, ldrd, strd, ldm, stm, popReturn, bEq, bNe
  case bCs, bCc, bMi, bPl, bVs, bVc, bHi, bLs, bGe, bLt, bGt, bLe, cbz, cbnz, cbmi, cbpl, b, bl
  case bx, blx, tbb, tbh, it, itEq, itNe, skip, end, cmpIEq, cmpINe, cmpICs, cmpICc, cmpIHi
  case cmpILs, cmpIGe, cmpILt, cmpIGt, cmpILe, cmpREq, cmpRNe, cmpRCs, cmpRCc, cmpRHi, cmpRLs
  case cmpRGe, cmpRLt, cmpRGt, cmpRLe, addICbz, addICbnz, andICbz, andICbnz, addIB, movIMovt, nop
  case fence, vldr, vstr, vmov, vadd, vsub, vmul, floatHelper, helper, general, header, ghost
}
