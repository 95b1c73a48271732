/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detector/accepted.h"

static void
accept_line(OmenAccepted *accepted, const char *line)
{
    const OmenAcceptedValue about = {.line = (char *) line,
                                     .time_us = 5,
                                     .failure_class = OMEN_FAILURE_DISK,
                                     .scope = OMEN_SCOPE_DEVICE,
                                     .device = "sdc",
                                     .probability = 0.9};

    g_assert_true(omen_accepted_add(accepted, &about));
}

static OmenAcceptedState
weigh(OmenAccepted *accepted, const char *line)
{
    const OmenAcceptedValue *value;
    OmenAcceptedState state = omen_accepted_weigh(accepted, line, &value);

    g_assert_true((value != NULL) == (state != OMEN_ACCEPTED_NOTHING));
    return state;
}

/* What each line is to an accepted one of its own. */
static void
test_lines(void)
{
    static const struct {
        const char *accepted;
        const char *line;
        OmenAcceptedState state;
    } cases[] = {
        {"smartd: Device: /dev/sdc [SAT], 24 Currently unreadable (pending) sectors (changed +8)",
         "smartd: Device: /dev/sdc [SAT], 24 Currently unreadable (pending) sectors",
         OMEN_ACCEPTED_KNOWN},
        {"smartd: Device: /dev/sdc [SAT], 24 Offline uncorrectable sectors",
         "smartd: Device: /dev/sdc [SAT], 25 Offline uncorrectable sectors", OMEN_ACCEPTED_WORSE},
        {"smartd: Device: /dev/sdc [SAT], 24 Offline uncorrectable sectors",
         "smartd: Device: /dev/sdd [SAT], 24 Offline uncorrectable sectors", OMEN_ACCEPTED_NOTHING},
        {"smartd: Device: /dev/sdc [SAT], 24 Offline uncorrectable sectors",
         "sshd: Device: /dev/sdc [SAT], 24 Offline uncorrectable sectors", OMEN_ACCEPTED_NOTHING},
        /* A normalised value falls where it gets worse, a raw one rises. */
        {"smartd: Device: /dev/sdc, Attribute: 5 Reallocated_Sector_Ct changed from 100 to 99",
         "smartd: Device: /dev/sdc, Attribute: 5 Reallocated_Sector_Ct changed from 99 to 98",
         OMEN_ACCEPTED_WORSE},
        {"smartd: Device: /dev/sdc, Attribute: 5 Reallocated_Sector_Ct changed from 100 to 99",
         "smartd: Device: /dev/sdc, Attribute: 5 Reallocated_Sector_Ct changed from 98 to 99",
         OMEN_ACCEPTED_KNOWN},
        {"smartd: Device: /dev/sdc, Attribute: 5 Reallocated_Sector_Ct changed from 100 to 99",
         "smartd: Device: /dev/sdc, Attribute: 197 Current_Pending_Sector changed from 100 to 99",
         OMEN_ACCEPTED_NOTHING},
        {"smartd: Attribute: 5 Reallocated changed from 100 [Raw 24] to 100 [Raw 32]",
         "smartd: Attribute: 5 Reallocated changed from 100 [Raw 32] to 100 [Raw 40]",
         OMEN_ACCEPTED_WORSE},
        {"smartd: Device: /dev/sdc [SAT], ATA error count increased from 0 to 5",
         "smartd: Device: /dev/sdc [SAT], ATA error count increased from 5 to 6",
         OMEN_ACCEPTED_WORSE},
        {"kernel: BTRFS error (device sdc): bdev /dev/sdc errs: wr 0, rd 24, flush 0, corrupt 0, gen 0",
         "kernel: BTRFS error (device sdc): bdev /dev/sdc errs: wr 1, rd 24, flush 0, corrupt 0, gen 0",
         OMEN_ACCEPTED_WORSE},
        {"kernel: BTRFS error (device sdc): bdev /dev/sdc errs: wr 0, rd 24, flush 0, corrupt 0, gen 0",
         "kernel: BTRFS error (device sdc): bdev /dev/sdc errs: wr 0, rd 24, flush 0, corrupt 0, gen 0",
         OMEN_ACCEPTED_KNOWN},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(OmenAccepted) accepted = omen_accepted_new();
        g_assert_true(omen_accepted_is_empty(accepted));
        accept_line(accepted, cases[i].accepted);
        g_assert_false(omen_accepted_is_empty(accepted));
        if (weigh(accepted, cases[i].line) != cases[i].state)
            g_error("%s: %d", cases[i].line, weigh(accepted, cases[i].line));
    }
}

/* An event is no value, whatever numbers are in it. */
static void
test_events(void)
{
    static const char *const lines[] = {
        "kernel: critical medium error, dev sdc, sector 28640 op 0x0:(READ) flags 0x0",
        "kernel: EDAC MC0: 1 CE memory read error on CPU_SrcID#0_MC#0_Chan#0_DIMM#0",
        "rasdaemon: mc_event: 1 Corrected error(s): memory read error at DIMM_A1",
        "kernel: INFO: task qemu:1234 blocked for more than 120 seconds.",
        "kernel: Buffer I/O error on dev sdc, logical block 12, async page read",
        "kernel: Out of memory: Killed process 4711 (qemu) total-vm:1kB, anon-rss:12kB",
        "moved from 3 places to",
        "from 1 to",
        "",
    };
    g_autoptr(OmenAccepted) accepted = omen_accepted_new();

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        const OmenAcceptedValue about = {.line = (char *) lines[i]};
        if (omen_accepted_add(accepted, &about))
            g_error("taken for a value: %s", lines[i]);
    }
    g_assert_true(omen_accepted_is_empty(accepted));
}

#define SECTORS "smartd: Device: /dev/sdc [SAT], %u Offline uncorrectable sectors"

static void
note(OmenAccepted *accepted, guint n)
{
    g_autofree char *line = g_strdup_printf(SECTORS, n);

    omen_accepted_note(accepted, line);
}

/* The omen kept its first lines: what is known is the present value. */
static void
test_present(void)
{
    g_autoptr(OmenAccepted) accepted = omen_accepted_new();
    g_autoptr(GPtrArray) list = NULL;

    for (guint n = 1; n <= 40; n++)
        note(accepted, n);
    accept_line(accepted, "smartd: Device: /dev/sdc [SAT], 3 Offline uncorrectable sectors");
    g_assert_cmpint(
        weigh(accepted, "smartd: Device: /dev/sdc [SAT], 40 Offline uncorrectable sectors"), ==,
        OMEN_ACCEPTED_KNOWN);
    note(accepted, 41);
    list = omen_accepted_list(accepted);
    g_assert_cmpuint(list->len, ==, 1);
    g_assert_cmpstr(((OmenAcceptedValue *) g_ptr_array_index(list, 0))->line, ==,
                    "smartd: Device: /dev/sdc [SAT], 40 Offline uncorrectable sectors");
    g_assert_cmpint(
        weigh(accepted, "smartd: Device: /dev/sdc [SAT], 41 Offline uncorrectable sectors"), ==,
        OMEN_ACCEPTED_WORSE);
}

static void
test_kept(void)
{
    g_autoptr(OmenAccepted) accepted = omen_accepted_new();
    g_autoptr(OmenAccepted) restored = omen_accepted_new();
    g_autoptr(GVariant) state = NULL;
    g_autoptr(GPtrArray) list = NULL;

    accept_line(accepted, "smartd: one 1 errors");
    accept_line(accepted, "smartd: two 2 errors");
    g_assert_true(omen_accepted_forget(accepted, 1));
    g_assert_false(omen_accepted_forget(accepted, 1));
    g_assert_false(omen_accepted_forget(accepted, 0));
    omen_accepted_note(accepted, "smartd: two 3 errors"); /* which nobody took as known */
    state = g_variant_ref_sink(omen_accepted_save(accepted));
    omen_accepted_restore(restored, state);
    list = omen_accepted_list(restored);
    g_assert_cmpuint(list->len, ==, 1);
    const OmenAcceptedValue *value = g_ptr_array_index(list, 0);
    g_assert_cmpuint(value->number, ==, 2);
    g_assert_cmpstr(value->device, ==, "sdc");
    g_assert_cmpint(value->failure_class, ==, OMEN_FAILURE_DISK);
    g_assert_cmpint(weigh(restored, "smartd: two 2 errors"), ==, OMEN_ACCEPTED_KNOWN);
    g_assert_cmpint(weigh(restored, "smartd: two 3 errors"), ==, OMEN_ACCEPTED_WORSE);
    accept_line(restored, "smartd: three 3 errors");
    g_ptr_array_unref(g_steal_pointer(&list));
    list = omen_accepted_list(restored);
    g_assert_cmpuint(((OmenAcceptedValue *) g_ptr_array_index(list, 1))->number, ==, 3);
}

/* Lines do not drive out what an operator said. */
static void
test_bounded(void)
{
    g_autoptr(OmenAccepted) accepted = omen_accepted_new();

    accept_line(accepted, "smartd: known 1 errors");
    for (guint i = 0; i < 3 * OMEN_ACCEPTED_MAX; i++) {
        g_autofree char *line = g_strdup_printf("smartd: sd%u-x 1 errors", i);
        omen_accepted_note(accepted, line);
    }
    g_assert_cmpint(weigh(accepted, "smartd: known 1 errors"), ==, OMEN_ACCEPTED_KNOWN);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/accepted/lines", test_lines);
    g_test_add_func("/accepted/events", test_events);
    g_test_add_func("/accepted/present", test_present);
    g_test_add_func("/accepted/kept", test_kept);
    g_test_add_func("/accepted/bounded", test_bounded);
    return g_test_run();
}
