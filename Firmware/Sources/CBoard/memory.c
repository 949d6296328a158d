// The memory functions that compilers call by themselves; compiler-rt and a C library do not
// exist for these targets.
#include <stddef.h>
#include <stdint.h>

typedef uint32_t __attribute__((may_alias)) word;

static int both_aligned(const void *a, const void *b) {
  return (((uintptr_t)a | (uintptr_t)b) & (sizeof(word) - 1)) == 0;
}

// Also right for ranges that overlap, when `to` is the lower one.
static void copy_upwards(uint8_t *to, const uint8_t *from, size_t count) {
  if (both_aligned(to, from)) {
    // Four words at a time: payloads and headers are most of what is copied.
    for (; count >= 4 * sizeof(word); count -= 4 * sizeof(word)) {
      word a = ((const word *)from)[0], b = ((const word *)from)[1];
      word c = ((const word *)from)[2], d = ((const word *)from)[3];
      ((word *)to)[0] = a, ((word *)to)[1] = b, ((word *)to)[2] = c, ((word *)to)[3] = d;
      to += 4 * sizeof(word);
      from += 4 * sizeof(word);
    }
    for (; count >= sizeof(word); count -= sizeof(word)) {
      *(word *)to = *(const word *)from;
      to += sizeof(word);
      from += sizeof(word);
    }
  }
  while (count-- > 0) *to++ = *from++;
}

void *memmove(void *target, const void *source, size_t count) {
  uint8_t *to = target;
  const uint8_t *from = source;
  if (to <= from || to >= from + count) {
    copy_upwards(to, from, count);
  } else {
    while (count-- > 0) to[count] = from[count];
  }
  return target;
}

// One function for both: the second costs more memory than the comparison costs time.
void *memcpy(void *restrict target, const void *restrict source, size_t count)
    __attribute__((alias("memmove")));

void *memset(void *target, int value, size_t count) {
  uint8_t *to = target;
  word pattern = (uint8_t)value * 0x01010101u;
  while (count > 0 && !both_aligned(to, to)) {
    *to++ = (uint8_t)value;
    count--;
  }
  for (; count >= sizeof(word); count -= sizeof(word)) {
    *(word *)to = pattern;
    to += sizeof(word);
  }
  while (count-- > 0) *to++ = (uint8_t)value;
  return target;
}

int memcmp(const void *a, const void *b, size_t count) {
  const uint8_t *x = a, *y = b;
  for (; count-- > 0; x++, y++) {
    if (*x != *y) return *x - *y;
  }
  return 0;
}

void bzero(void *target, size_t count) { memset(target, 0, count); }

#if defined(__ARM_EABI__)
// The names that compilers for ARM call, which have the order of arguments that suits them.
void __aeabi_memcpy(void *, const void *, size_t) __attribute__((alias("memmove")));
void __aeabi_memcpy4(void *, const void *, size_t) __attribute__((alias("memmove")));
void __aeabi_memcpy8(void *, const void *, size_t) __attribute__((alias("memmove")));

void __aeabi_memmove(void *, const void *, size_t) __attribute__((alias("memmove")));
void __aeabi_memmove4(void *, const void *, size_t) __attribute__((alias("memmove")));
void __aeabi_memmove8(void *, const void *, size_t) __attribute__((alias("memmove")));

void __aeabi_memset(void *target, size_t count, int value) { memset(target, value, count); }
void __aeabi_memset4(void *, size_t, int) __attribute__((alias("__aeabi_memset")));
void __aeabi_memset8(void *, size_t, int) __attribute__((alias("__aeabi_memset")));

void __aeabi_memclr(void *target, size_t count) { memset(target, 0, count); }
void __aeabi_memclr4(void *, size_t) __attribute__((alias("__aeabi_memclr")));
void __aeabi_memclr8(void *, size_t) __attribute__((alias("__aeabi_memclr")));
#endif
