// What Swift cannot express: special instructions. No logic here.
#ifndef CBOARD_H
#define CBOARD_H

#include <stdint.h>

// Made by the linker script.
extern uint8_t __image_start[], __stack_top[];
extern uint8_t __resource_table_start[], __resource_table_end[];
extern uint8_t __trace_start[], __trace_end[];

/// Where the carveout with the image, its trace and its stack starts.
static inline uintptr_t board_image_start(void) { return (uintptr_t)__image_start; }
/// Where that carveout ends.
static inline uintptr_t board_image_end(void) { return (uintptr_t)__stack_top; }
/// Where the resource table starts; the host writes into it.
static inline uintptr_t board_table_start(void) { return (uintptr_t)__resource_table_start; }
/// Where the resource table ends.
static inline uintptr_t board_table_end(void) { return (uintptr_t)__resource_table_end; }
/// Where the trace buffer starts.
static inline uintptr_t board_trace_start(void) { return (uintptr_t)__trace_start; }
/// Where the trace buffer ends.
static inline uintptr_t board_trace_end(void) { return (uintptr_t)__trace_end; }

#if defined(__riscv)
/// Sleeps until an enabled interrupt is pending; with interrupts masked it is not taken.
static inline void board_wait_for_interrupt(void) { __asm__ volatile("wfi" ::: "memory"); }

/// Lets a pending machine external interrupt end the wait. `mstatus.MIE` stays 0.
static inline void board_enable_external_wakeup(void) {
  uint32_t bit = 1u << 11;
  __asm__ volatile("csrs mie, %0" ::"r"(bit) : "memory");
}

/// Lets a pending machine timer interrupt end the wait. `mstatus.MIE` stays 0.
static inline void board_enable_timer_wakeup(void) {
  uint32_t bit = 1u << 7;
  __asm__ volatile("csrs mie, %0" ::"r"(bit) : "memory");
}

/// Orders accesses to device registers and memory before it against those after it.
static inline void board_fence(void) { __asm__ volatile("fence iorw, iorw" ::: "memory"); }

/// One instruction that does nothing, and that no compiler removes.
static inline void board_no_operation(void) { __asm__ volatile("nop"); }

/// Runs an encoding that no processor implements.
static inline void board_illegal_instruction(void) { __asm__ volatile(".4byte 0xffffffff"); }
#elif defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_7M__)
/// Sleeps until an enabled interrupt is pending; with interrupts masked it is not taken.
///
/// The interrupt controller remembers that the doorbell's line was up: made to forget it, so that
/// the next wait waits. A line that is still up makes it pending at once.
static inline void board_wait_for_interrupt(void) {
  __asm__ volatile("wfi" ::: "memory");
  *(volatile uint32_t *)0xe000e280u = 1;  // NVIC_ICPR0
}

/// Lets the doorbell's line, number 0, end the wait. `PRIMASK` stays 1.
static inline void board_enable_external_wakeup(void) {
  *(volatile uint32_t *)0xe000e100u = 1;  // NVIC_ISER0
}

/// Orders accesses to device registers and memory before it against those after it.
static inline void board_fence(void) { __asm__ volatile("dmb sy" ::: "memory"); }

/// One instruction that does nothing, and that no compiler removes.
static inline void board_no_operation(void) { __asm__ volatile("nop"); }

/// Runs an encoding that is undefined for ever.
static inline void board_illegal_instruction(void) { __asm__ volatile("udf #0"); }
#endif

#endif
