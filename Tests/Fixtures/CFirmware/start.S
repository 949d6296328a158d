# Entry and default trap handler.
    .section .text.start, "ax"
    .globl _start
_start:
    la      sp, stack_top
    la      t0, default_trap
    csrw    mtvec, t0
    la      t0, bss_start
    la      t1, bss_end
1:  bgeu    t0, t1, 2f
    sw      zero, 0(t0)
    addi    t0, t0, 4
    j       1b
2:  call    main
3:  j       3b

    .balign 4
    .globl default_trap
default_trap:
    j       default_trap
