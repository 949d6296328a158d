// Linux calls that Swift cannot import as they are: variadic, GNU only, or macros.
// No logic: each function is one call.
#ifndef RPROC_CLINUX_H
#define RPROC_CLINUX_H

// Empty for bare-metal targets, which the build system compiles this file for as well.
#ifdef __linux__

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/// A new anonymous memory file that accepts seals; -1 and errno on failure.
static inline int rproc_memfd_create(const char *name) {
  return (int)syscall(SYS_memfd_create, name, 3u /* close-on-exec, seals allowed */);
}

/// The same in huge pages of the system's default size, which are taken when it is mapped.
static inline int rproc_memfd_create_huge(const char *name) {
  return (int)syscall(SYS_memfd_create, name, 7u /* as above, huge pages */);
}

/// Bytes of one page of the memory file `fd`; -1 and errno on failure.
static inline int64_t rproc_page_size(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 ? (int64_t)status.st_blksize : -1;
}

/// Forbids any later change of the size of `fd` and of its seals; -1 and errno on failure.
static inline int rproc_seal_size(int fd) {
  return fcntl(fd, 1033 /* F_ADD_SEALS */, 1 /* seal */ | 2 /* shrink */ | 4 /* grow */);
}

/// The seals of `fd`, or -1 and errno.
static inline int rproc_seals(int fd) { return fcntl(fd, 1034 /* F_GET_SEALS */); }

/// `byteCount` bytes of `fd` mapped for reading and writing, shared; null and errno on failure.
static inline void *rproc_map_shared(int fd, size_t byteCount) {
  void *base = mmap(NULL, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return base == MAP_FAILED ? NULL : base;
}

/// A second descriptor of the same file, closed on exec; -1 and errno on failure.
static inline int rproc_duplicate(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 3); }

/// Nanoseconds of the clock that never jumps.
static inline uint64_t rproc_monotonic_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/// Sleeps until `*word` is woken, unless it differs from `expected`; at most `nanoseconds`
/// (`UINT64_MAX`: no end).
static inline int rproc_futex_wait(const void *word, uint32_t expected, uint64_t nanoseconds) {
  struct timespec timeout = {.tv_sec = (time_t)(nanoseconds / 1000000000u),
                             .tv_nsec = (long)(nanoseconds % 1000000000u)};
  return (int)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected,
                      nanoseconds == UINT64_MAX ? 0 : &timeout, 0, 0);
}

/// Wakes at most `count` threads that sleep on `word`.
static inline int rproc_futex_wake(const void *word, int count) {
  return (int)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, 0, 0, 0);
}

// In a file of their own: the headers they need define types in a way that does not go with the C
// library's module.

/// A new pipe that does not block, closed on exec; -1 and errno on failure.
int rproc_pipe(int ends[2]);

/// The next client of `listener`, not blocking, closed on exec; -1 and errno on failure.
int rproc_accept(int listener);

/// A new socket of `type` that keeps to this machine, not blocking, closed on exec.
int rproc_local_socket(int type);

/// The master end of a new pseudo-terminal; -1 and errno on failure.
int rproc_open_terminal(void);

/// Lets the user end of `master` be opened, and writes its name; -1 and errno on failure.
int rproc_unlock_terminal(int master, char *name, size_t byteCount);

/// A counter to wake a thread that polls, closed on exec; -1 and errno on failure.
int rproc_eventfd(void);

/// The process at the other end of a Unix socket, as it was when they connected; -1 and errno on
/// failure.
int rproc_peer_process(int socket);

/// Takes the only lock of the open file `fd`, or fails at once; -1 and errno on failure.
///
/// Locks of `flock` are others.
int rproc_lock_file(int fd);

/// Lets this process use `rproc_barrier_everywhere`; not 0 when the kernel has no such call.
static inline int rproc_prepare_barrier(void) {
  return (int)syscall(SYS_membarrier, 16 /* register private expedited */, 0u, 0);
}

/// A full memory barrier on every thread of this process that runs now.
static inline int rproc_barrier_everywhere(void) {
  return (int)syscall(SYS_membarrier, 8 /* private expedited */, 0u, 0);
}

/// A number that no other thread of this process has.
static inline uintptr_t rproc_thread(void) {
  return (uintptr_t)__builtin_thread_pointer();
}

/// As `rproc_futex_wait`, for a word that other processes map as well.
static inline int rproc_futex_wait_shared(const void *word, uint32_t expected,
                                          uint64_t nanoseconds) {
  struct timespec timeout = {.tv_sec = (time_t)(nanoseconds / 1000000000u),
                             .tv_nsec = (long)(nanoseconds % 1000000000u)};
  return (int)syscall(SYS_futex, word, FUTEX_WAIT, expected,
                      nanoseconds == UINT64_MAX ? 0 : &timeout, 0, 0);
}

/// As `rproc_futex_wake`, for a word that other processes map as well.
static inline int rproc_futex_wake_shared(const void *word, int count) {
  return (int)syscall(SYS_futex, word, FUTEX_WAKE, count, 0, 0, 0);
}

/// A descriptor of the process `pid` that becomes readable when it ends; -1 and errno on failure.
static inline int rproc_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

/// The environment of this process.
static inline char **rproc_environment(void) { return environ; }

/// Names the calling thread for debuggers; at most 15 bytes.
static inline void rproc_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

/// Tells the processor that this thread waits in a loop.
static inline void rproc_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Of the Swift runtime; see `rproc_demangle`.
extern char *swift_demangle(const char *name, size_t byteCount, char *output, size_t *capacity,
                            uint32_t flags);

/// The Swift declaration whose mangled name is `name`, to be freed; null when it is none.
static inline char *rproc_demangle(const char *name) {
  return swift_demangle(name, strlen(name), NULL, NULL, 0);
}

/// Renames `from` to `to`, both in the folder `folder`, unless there is a `to`; -1 and errno on
/// failure.
static inline int rproc_rename_new(int folder, const char *from, const char *to) {
  return (int)syscall(SYS_renameat2, folder, from, folder, to, 1u /* never replace */);
}

/// Opens `path` below the directory `directory`, no symbolic link leading out; -1 and errno on
/// failure.
static inline int rproc_open_beneath(int directory, const char *path, int flags) {
  struct open_how how = {.flags = (uint64_t)(unsigned)flags,
                         .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

/// Opens the directory at `path` as a place to open files below; -1 and errno on failure.
static inline int rproc_open_place(const char *path) {
  return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/// Asks for huge pages in memory of our own, from its first page boundary on.
static inline void rproc_advise_huge_pages(void *base, size_t byteCount) {
  uintptr_t start = ((uintptr_t)base + 4095) & ~(uintptr_t)4095;
  madvise((void *)start, byteCount - (start - (uintptr_t)base), MADV_HUGEPAGE);
}

// What the libraries that unpack images take, laid out as their interfaces say.

/// `lzma_stream` of liblzma 5.
typedef struct {
  const void *next_in;
  size_t avail_in;
  uint64_t total_in;
  void *next_out;
  size_t avail_out;
  uint64_t total_out;
  const void *allocator;
  void *state;
  void *reserved_pointers[4];
  uint64_t seek_position;
  uint64_t reserved_number;
  size_t reserved_sizes[2];
  int reserved_enums[2];
} rproc_lzma_stream;

/// `z_stream` of zlib 1.
typedef struct {
  const void *next_in;
  unsigned avail_in;
  unsigned long total_in;
  void *next_out;
  unsigned avail_out;
  unsigned long total_out;
  const char *message;
  void *state;
  void *allocate, *release, *opaque;
  int data_type;
  unsigned long checksum;
  unsigned long reserved;
} rproc_z_stream;

/// `ZSTD_inBuffer` of libzstd 1.
typedef struct {
  const void *src;
  size_t size;
  size_t pos;
} rproc_zstd_input;

/// `ZSTD_outBuffer` of libzstd 1.
typedef struct {
  void *dst;
  size_t size;
  size_t pos;
} rproc_zstd_output;

/// The calling thread's errno.
static inline int rproc_errno(void) { return errno; }

#endif
#endif
