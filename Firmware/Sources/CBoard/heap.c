// A heap that only grows: firmware takes what it needs when it starts and gives nothing back.
#include <stddef.h>
#include <stdint.h>

extern uint8_t __heap_start[], __heap_end[];
static uintptr_t next;

int posix_memalign(void **result, size_t alignment, size_t count) {
  uintptr_t start = next ? next : (uintptr_t)__heap_start;
  start = (start + alignment - 1) & ~(uintptr_t)(alignment - 1);
  if (start > (uintptr_t)__heap_end || count > (uintptr_t)__heap_end - start) return 12;
  next = start + count;
  *result = (void *)start;
  return 0;
}

void free(void *pointer) { (void)pointer; }
