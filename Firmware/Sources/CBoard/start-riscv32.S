// Start-up of a RISC-V core: stack, trap vector, zeroed memory, main.

#if defined(__riscv)
  .section .text.start, "ax", @progbits
  .globl _start
  .type _start, @function
_start:
  la sp, __stack_top
  la t0, board_trap_entry
  csrw mtvec, t0
  la t0, __bss_start
  la t1, __bss_end
  call clear
  la t0, __trace_start
  la t1, __trace_end
  call clear
  call main
  // An image that returns from main has nothing left to do.
1:
  wfi
  j 1b

  .type clear, @function
clear:                        // zeroes the words t0 ..< t1
  bgeu t0, t1, 2f
  sw zero, 0(t0)
  addi t0, t0, 4
  j clear
2:
  ret

  // Only synchronous exceptions come here, as interrupts stay masked; none returns. The stack
  // starts anew, because the exception may be its overflow; a second exception on the way stops
  // the core in `halt`, which the host sees as a hang.
  .text
  .balign 4
  .type board_trap_entry, @function
board_trap_entry:
  la t0, halt
  csrw mtvec, t0
  la sp, __stack_top
  csrr a0, mcause
  csrr a1, mepc
  csrr a2, mtval
  call board_exception
  .balign 4
  .type halt, @function
halt:
  j halt
#endif
