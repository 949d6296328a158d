// Start-up of a Cortex-M core: vector table, zeroed memory, main.

#if defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_7M__)
  .syntax unified
  .thumb

  // What reset reads, then one handler for each exception. Only the first entries can happen:
  // interrupts stay masked, and nobody calls the supervisor.
  .section .vectors, "a", %progbits
  .balign 128
  .globl board_vectors
board_vectors:
  .word __stack_top
  .word _start
  .rept 15
  .word board_exception_entry
  .endr

  .section .text.start, "ax", %progbits
  .globl _start
  .type _start, %function
_start:
  cpsid i
  ldr r0, =__bss_start
  ldr r1, =__bss_end
  bl clear
  ldr r0, =__trace_start
  ldr r1, =__trace_end
  bl clear
  bl main
  // An image that returns from main has nothing left to do.
1:
  wfi
  b 1b

  .type clear, %function
clear:                        // zeroes the words r0 ..< r1
  movs r2, #0
2:
  cmp r0, r1
  bhs 3f
  str r2, [r0], #4
  b 2b
3:
  bx lr

  // Only faults come here and none returns. The stack starts anew, because the fault may be its
  // overflow; a second fault on the way locks the core up, which the host sees.
  .section .text.exception, "ax", %progbits
  .type board_exception_entry, %function
board_exception_entry:
  ldr r1, [sp, #24]           // the pc of the program
  ldr r3, =0xe000ed28
  ldr r2, [r3]                // CFSR
  tst r2, #0x8000             // BFARVALID
  it ne
  ldrne r2, [r3, #16]         // BFAR
  mrs r0, ipsr
  ldr r3, =__stack_top
  mov sp, r3
  bl board_exception
halt:
  b halt
#endif
