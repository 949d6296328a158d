// Firmware that crashes three calls deep, for a debugger to find out where.
typedef unsigned int u32;

struct carveout { u32 type, da, pa, len, flags, reserved; char name[32]; };
struct trace { u32 type, da, len, reserved; char name[32]; };
struct table { u32 version, count, reserved[2], offset[2]; struct carveout firmware; struct trace trace; };

static char trace_text[256];
#define AT(field) (u32) __builtin_offsetof(struct table, field)

__attribute__((section(".resource_table"), used)) volatile struct table table = {
  .version = 1, .count = 2, .offset = { AT(firmware), AT(trace) },
  .firmware = { 0, 0x80000000, 0, 0x10000, 0, 0, "firmware" },
  .trace = { 2, (u32)trace_text, sizeof trace_text, 0, "trace:crash" },
};

struct sensor { u32 id; u32 *data; };

volatile u32 readings = 0;

static void say(const char *text) {
  for (u32 i = 0; text[i] && i < sizeof trace_text - 1; i++) ((volatile char *)trace_text)[i] = text[i];
}

__attribute__((noinline)) static void store_reading(struct sensor *sensor, u32 value) {
  readings++;
  *sensor->data = value;  // nobody has set data
  readings++;
}

__attribute__((noinline)) static void poll_sensor(u32 id) {
  struct sensor sensor = { id, (u32 *)0x40000000 };
  store_reading(&sensor, id * 3);
  readings++;
}

int main(void) {
  say("crash: polling sensor 14\n");
  for (volatile u32 delay = 0; delay < 1000; delay++) {}
  poll_sensor(14);
  return 0;
}
