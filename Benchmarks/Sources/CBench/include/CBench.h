// What the benchmarks need of the system and the importer cannot read. No logic.
#pragma once
#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

// Tells the processor that this thread spins.
static inline void bench_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Binds the calling thread to one processor; 0 or -1.
int bench_pin(int cpu);

// Sleeps while `*word` is `seen`; any process that maps the word may wake.
static inline void bench_futex_wait(const void *word, uint32_t seen) {
  (void)syscall(SYS_futex, word, FUTEX_WAIT, seen, (void *)0, (void *)0, 0);
}
static inline void bench_futex_wake(const void *word) {
  (void)syscall(SYS_futex, word, FUTEX_WAKE, 1, (void *)0, (void *)0, 0);
}

// Calls of malloc and its relatives in this process so far, by any thread.
uint64_t bench_allocations(void);
