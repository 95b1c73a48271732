/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest without an operating system, for a host that is emulated itself: it runs a second after
 * it was started, idles in hlt, and has state that can be checked. About once a second it counts,
 * writes the count to the first sector of its disk, rewrites a part of its memory and says on the
 * serial port
 *
 *     g1 boot=1a2b3c4d count=17 disk=ok memory=ok
 *
 * (g1 is its command line). A guest that was migrated goes on counting with the same boot number;
 * one that was lost and started again has another.
 */
#include <stdint.h>

#define SERIAL        0x3f8
#define DISK          0x1f0
#define TICKS_A_COUNT 18 /* of the timer's slowest rate, 18.2 a second */
#define PATTERN_WORDS (1 << 20)
#define WORDS_A_COUNT (1 << 15)
#define POLLS         100000

__asm__(".section .text.start, \"ax\"\n"
        ".align 4\n"
        ".long 0x1badb002, 2, -(0x1badb002 + 2)\n"
        ".global start\n"
        "start: cli\n"
        "  mov $stack_top, %esp\n"
        "  push %ebx\n"
        "  call run\n"
        ".global on_tick\n"
        "on_tick: push %eax\n"
        "  incl ticks\n"
        "  mov $0x20, %al\n"
        "  outb %al, $0x20\n"
        "  pop %eax\n"
        "  iret\n"
        ".section .bss\n"
        ".align 16\n"
        ".skip 8192\n"
        "stack_top:\n"
        ".text\n");

struct gate {
    uint16_t low, selector, type, high;
} __attribute__((packed));

struct table {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

extern void on_tick(void);

volatile uint32_t ticks;
static struct gate gates[48];
static uint32_t pattern[PATTERN_WORDS];
static uint16_t sector[256];

static void
out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void
out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t
in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void
say(const char *text)
{
    for (; *text; text++) {
        for (int i = 0; i < POLLS && !(in8(SERIAL + 5) & 0x20); i++)
            ;
        out8(SERIAL, (uint8_t) *text);
    }
}

static void
say_number(uint32_t value, uint32_t base)
{
    char digits[12];
    int at = sizeof digits - 1;

    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    say(digits + at);
}

/* The timer at its slowest, its interrupt at 32, all others off. */
static void
start_clock(void)
{
    uint16_t code;
    struct table table = {sizeof gates - 1, (uint32_t) gates};

    __asm__ volatile("mov %%cs, %0" : "=r"(code));
    gates[32] = (struct gate){(uint16_t) (uint32_t) on_tick, code, 0x8e00,
                              (uint16_t) ((uint32_t) on_tick >> 16)};
    __asm__ volatile("lidt %0" : : "m"(table));
    out8(0x20, 0x11);
    out8(0x21, 32);
    out8(0x21, 4);
    out8(0x21, 1);
    out8(0x21, 0xfe);
    out8(0xa1, 0xff);
    out8(0x43, 0x34);
    out8(0x40, 0);
    out8(0x40, 0);
    __asm__ volatile("sti");
}

static int
disk_is_ready(uint8_t wanted)
{
    uint8_t status = 0;

    for (int i = 0; i < POLLS; i++) {
        status = in8(DISK + 7);
        if (!(status & 0x80) && (status & (wanted | 0x21)))
            break;
    }
    return (status & 0x80) == 0 && (status & wanted) == wanted && (status & 0x21) == 0;
}

/* The count to the disk's first sector: "ok", "error", or "none" where there is no disk. */
static const char *
write_count(uint32_t count)
{
    uint8_t status;

    out8(DISK + 6, 0xe0);
    status = in8(DISK + 7);
    if (status == 0xff || status == 0)
        return "none";
    sector[0] = (uint16_t) count;
    sector[1] = (uint16_t) (count >> 16);
    out8(DISK + 2, 1);
    out8(DISK + 3, 0);
    out8(DISK + 4, 0);
    out8(DISK + 5, 0);
    out8(DISK + 7, 0x30);
    if (!disk_is_ready(0x08))
        return "error";
    for (int i = 0; i < 256; i++)
        out16(DISK, sector[i]);
    return disk_is_ready(0x40) ? "ok" : "error";
}

static uint32_t
expected(uint32_t at)
{
    return at * 2654435761U + 1;
}

/* Looks at a part of the memory, and writes it again; the whole in half a minute. */
static int
check_memory(uint32_t count)
{
    uint32_t begin = count * WORDS_A_COUNT % PATTERN_WORDS;
    int good = 1;

    for (uint32_t i = begin; i < begin + WORDS_A_COUNT; i++) {
        good = good && pattern[i] == expected(i);
        pattern[i] = expected(i);
    }
    return good;
}

static uint32_t
boot_number(void)
{
    uint32_t low;

    __asm__ volatile("rdtsc" : "=a"(low) : : "edx");
    out8(0x70, 0);
    return low ^ (uint32_t) in8(0x71) << 24;
}

/* @boot: multiboot's information, whose fifth word is the command line; its first word is our
 * kernel's path. */
void
run(const uint32_t *boot)
{
    const char *name = boot[0] & 4 ? (const char *) boot[4] : "guest";
    uint32_t number = boot_number();
    uint32_t next = TICKS_A_COUNT;

    for (const char *at = name; *at; at++)
        if (*at == ' ')
            name = at + 1;
    for (uint32_t i = 0; i < PATTERN_WORDS; i++)
        pattern[i] = expected(i);
    start_clock();
    for (uint32_t count = 1;; count++) {
        while (ticks < next)
            __asm__ volatile("hlt");
        next = ticks + TICKS_A_COUNT;
        say(name);
        say(" boot=");
        say_number(number, 16);
        say(" count=");
        say_number(count, 10);
        say(" disk=");
        say(write_count(count));
        say(check_memory(count) ? " memory=ok\r\n" : " memory=bad\r\n");
    }
}
