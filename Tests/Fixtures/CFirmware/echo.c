// Remote side of rpmsg in plain C: one endpoint that returns every message.
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

#define DOORBELL(offset) (*(volatile u32 *)(0x10000000u + (offset)))
enum { KICK = 0x00, PENDING = 0x04, STATE = 0x08, IDLE = 0x0C };
enum { ANY = 0xFFFFFFFF, DRIVER_OK = 4, NAME_SERVICE = 53, MY_ADDRESS = 1024 };

#if defined FIXED_RINGS
enum { RING_SIZE = 256, RING_ALIGN = 4096, RING0 = 0x80100000, RING1 = 0x80108000 };
enum { BUFFERS = 0x80110000, BUFFER_BYTES = 0x40000, ENTRIES = 4 };
#elif defined ADJACENT_RINGS
enum { RING_SIZE = 16, RING_ALIGN = 16, RING0 = 0x80100000, RING1 = 0x80100200 };
enum { BUFFERS = 0x80100400, BUFFER_BYTES = 0x4000, ENTRIES = 4 };
#elif defined NO_CARVEOUT
enum { RING_SIZE = 16, RING_ALIGN = 16, RING0 = ANY, RING1 = ANY, ENTRIES = 2 };
#else
enum { RING_SIZE = 16, RING_ALIGN = 16, RING0 = ANY, RING1 = ANY, ENTRIES = 3 };
#endif
#if defined FIXED_RINGS || defined ADJACENT_RINGS
#define BUFFER_CARVEOUT
#endif

struct carveout { u32 type, da, pa, len, flags, reserved; char name[32]; };
struct trace { u32 type, da, len, reserved; char name[32]; };
struct vring { u32 da, align, num, notifyid, reserved; };
struct vdev { u32 type, id, notifyid, dfeatures, gfeatures, config_len; u8 status, rings, zero[2]; struct vring vring[2]; };
struct table {
  u32 version, count, reserved[2], offset[ENTRIES];
#ifndef NO_CARVEOUT
  struct carveout firmware;
#endif
#ifdef BUFFER_CARVEOUT
  struct carveout buffers;
#endif
  struct trace trace;
  struct vdev vdev;
};

static char trace_text[256];
#define AT(field) (u32) __builtin_offsetof(struct table, field)

__attribute__((section(".resource_table"), used)) volatile struct table table = {
  .version = 1, .count = ENTRIES,
#ifdef BUFFER_CARVEOUT
  .offset = { AT(firmware), AT(buffers), AT(trace), AT(vdev) },
  .buffers = { 0, BUFFERS, 0, BUFFER_BYTES, 0, 0, "vdev0buffer" },
#elif defined NO_CARVEOUT
  .offset = { AT(trace), AT(vdev) },
#else
  .offset = { AT(firmware), AT(trace), AT(vdev) },
#endif
#ifndef NO_CARVEOUT
  .firmware = { 0, 0x80000000, 0, 0x40000, 0, 0, "firmware" },
#endif
  .trace = { 2, (u32)trace_text, sizeof trace_text, 0, "trace:c-echo" },
  .vdev = { 3, 7, 0, 1, 0, 0, 0, 2, {0, 0},
            { { RING0, RING_ALIGN, RING_SIZE, ANY, 0 }, { RING1, RING_ALIGN, RING_SIZE, ANY, 0 } } },
};

struct descriptor { u32 addr, addr_high, len; u16 flags, next; };
struct used { u32 id, len; };
struct ring {
  volatile struct descriptor *descriptors;
  volatile u16 *available; // flags, idx, ring...
  volatile u16 *used_head; // flags, idx
  volatile struct used *used;
  u16 seen;
  u32 notify;
};
static struct ring to_host, from_host;

static void fence(void) { __asm__ volatile("fence rw, rw" ::: "memory"); }

static void say(const char *text) {
  static u32 at;
  // The last byte of the buffer stays 0: the log wraps in front of it.
  for (; *text; ++text) {
    ((volatile char *)trace_text)[at] = *text;
    at = at + 1 == sizeof trace_text - 1 ? 0 : at + 1;
  }
}

static void open_ring(struct ring *ring, volatile struct vring *entry) {
  u32 base = entry->da, num = entry->num, align = entry->align;
  u32 available = base + 16 * num;
  u32 used = (available + 2 * (3 + num) + align - 1) & ~(align - 1);
  ring->descriptors = (volatile struct descriptor *)base;
  ring->available = (volatile u16 *)available;
  ring->used_head = (volatile u16 *)used;
  ring->used = (volatile struct used *)(used + 4);
  ring->seen = 0;
  ring->notify = entry->notifyid;
}

// The next buffer the host made available, or a negative number.
static int take(struct ring *ring) {
  if (ring->available[1] == ring->seen) return -1;
  fence();
  return ring->available[2 + (ring->seen++ % RING_SIZE)];
}

static void give(struct ring *ring, u32 head, u32 len) {
  u16 at = ring->used_head[1];
  ring->used[at % RING_SIZE].id = head;
  ring->used[at % RING_SIZE].len = len;
  fence();
  ring->used_head[1] = at + 1;
  fence();
  if (!(ring->available[0] & 1)) DOORBELL(KICK) = ring->notify;
}

static void send(u32 destination, const volatile u8 *payload, u32 len) {
  int head;
  while ((head = take(&to_host)) < 0) {}
  volatile u8 *buffer = (volatile u8 *)to_host.descriptors[head].addr;
  *(volatile u32 *)(buffer + 0) = MY_ADDRESS;
  *(volatile u32 *)(buffer + 4) = destination;
  *(volatile u32 *)(buffer + 8) = 0;
  *(volatile u32 *)(buffer + 12) = len;
  for (u32 i = 0; i < len; ++i) buffer[16 + i] = payload[i];
  give(&to_host, head, 16 + len);
}

static void announce(void) {
  static volatile u8 message[40] = "rpmsg-echo";
  message[32] = MY_ADDRESS & 0xff;
  message[33] = MY_ADDRESS >> 8;
  send(NAME_SERVICE, message, sizeof message);
}

static void serve(void) {
  int head;
  while ((head = take(&from_host)) >= 0) {
    volatile u8 *buffer = (volatile u8 *)from_host.descriptors[head].addr;
#ifdef SCRIBBLE_RESERVED
    *(volatile u32 *)(buffer + 8) = 0x10000u | (u32)head;
#endif
#ifdef WILD_POINTER
    *(volatile u32 *)0x40000000 = 1;
#endif
    send(*(volatile u32 *)buffer, buffer + 16, *(volatile u16 *)(buffer + 12));
    give(&from_host, head, 16);
  }
}

#ifdef NO_CARVEOUT
// A heap that no segment mentions: from the end of the image to the end of the linked RAM.
extern u8 stack_top[];
static u8 *const heap_end = (u8 *)0x80040000;

static void fill_heap(void) {
  for (volatile u8 *at = stack_top; at < heap_end; ++at) *at = 0xA5;
}

static void check_heap(void) {
  for (volatile u8 *at = stack_top; at < heap_end; ++at)
    if (*at != 0xA5) DOORBELL(STATE) = 0xDEAD0001;
}
#else
static void fill_heap(void) {}
static void check_heap(void) {}
#endif

int main(void) {
  DOORBELL(STATE) = 1;
  fill_heap();
#ifdef NO_VIRTIO
  say("no virtio here\n");
  for (;;) DOORBELL(IDLE) = 1;
#endif
  while (!(table.vdev.status & DRIVER_OK)) {}
  fence();
  open_ring(&to_host, &table.vdev.vring[0]);
  open_ring(&from_host, &table.vdev.vring[1]);
  DOORBELL(STATE) = 3;
  say("c echo is up\n");
  announce();
  check_heap();
  for (;;) {
    if (DOORBELL(PENDING) == 0) DOORBELL(IDLE) = 1;
    serve();
  }
}
