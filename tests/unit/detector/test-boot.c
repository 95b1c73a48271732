/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A start is normal life: nothing of it is an omen but what is sure, nor does it spend what may be
 * learnt in a day. tests/data/boot.kmsg is what the kernel of a healthy Debian 12 said. */
#include "detector/boot.h"
#include "detector/learnt.h"

#include <string.h>
#include <virt-omen/detector.h>
#include <virt-omen/line-format.h>

#define SECOND   ((gint64) G_USEC_PER_SEC)
#define STARTED  ((gint64) 1790000000 * SECOND)
#define TRAINING 40

static OmenDetector *
new_trained_detector(OmenJudge *judge)
{
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    OmenDetector *detector;

    config.profile.training = TRAINING;
    detector = omen_detector_new(&config, OMEN_PROVENANCE_HOST, judge, NULL);
    for (guint i = 0; i < TRAINING; i++) {
        OmenRecord record = {.time_us = STARTED - 3600 * SECOND + i * SECOND,
                             .uptime_us = 86400 * SECOND,
                             .priority = OMEN_PRIORITY_INFO,
                             .identifier = "",
                             .message = "session of user root",
                             .message_length = strlen("session of user root")};
        OmenDecision decision;
        omen_detector_push(detector, &record, &decision);
    }
    return detector;
}

static OmenJudge *
embedded_judge(void)
{
    g_autofree char *folder =
        g_build_filename(g_getenv("OMEN_TEST_SOURCE_ROOT"), "data", "knowledge", NULL);

    return omen_judge_new("embedded", folder, NULL);
}

static OmenDecision
say(OmenDetector *detector, gint64 uptime_us, const char *identifier, const char *message)
{
    OmenRecord record = {.time_us = STARTED + uptime_us,
                         .uptime_us = uptime_us,
                         .priority = OMEN_PRIORITY_INFO,
                         .identifier = identifier,
                         .identifier_length = strlen(identifier),
                         .message = message,
                         .message_length = strlen(message)};
    OmenDecision decision;

    omen_detector_push(detector, &record, &decision);
    return decision;
}

/* Returns how many stretches were learnt. */
static guint
start(OmenDetector *detector)
{
    g_autofree char *path =
        g_build_filename(g_getenv("OMEN_TEST_SOURCE_ROOT"), "tests/data/boot.kmsg", NULL);
    const OmenLineContext context = {.boot_us = STARTED, .now_us = STARTED + 3600 * SECOND};
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    guint n_learnt = 0;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), >, 300);
    for (guint i = 0; *lines[i]; i++) {
        OmenRecord record = {0};
        OmenDecision decision;
        omen_line_format_parse(OMEN_LINE_FORMAT_KMSG, &context, lines[i], strlen(lines[i]),
                               &record);
        g_assert_cmpint(record.uptime_us, >, 0);
        omen_detector_push(detector, &record, &decision);
        if (decision.omen)
            g_test_message("%s", lines[i]);
        g_assert_false(decision.omen);
        n_learnt += decision.learned ? 1 : 0;
    }
    return n_learnt;
}

/* What comes later in life, new each time. */
static guint
live(OmenDetector *detector, guint n)
{
    guint n_learnt = 0;

    for (guint i = 0; i < n; i++) {
        g_autofree char *message = g_strdup_printf("%c%c%c%c waters the flowers", 'a' + i % 26,
                                                   'a' + i / 26 % 26, 'a' + i / 676, 'x');
        n_learnt += say(detector, 600 * SECOND + i, "gardener", message).learned ? 1 : 0;
    }
    return n_learnt;
}

static void
test_healthy(void)
{
    static const char *const lines[] = {
        "kfence: initialized - using 2097152 bytes for 255 objects",
        "MCE: In-kernel MCE decoding enabled.",
        "Machine check injector initialized",
        "ACPI Error: AE_NOT_FOUND, While resolving a named reference package element",
        "clocksource: timekeeping watchdog on CPU3: Marking clocksource 'tsc' as unstable",
        "some driver: probe of 0000:00:1f.3 failed with error -22",
    };
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_trained_detector(judge);

    g_assert_cmpuint(start(detector), >, 100);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        g_assert_false(say(detector, 9 * SECOND, "kernel", lines[i]).omen);
    /* All of a day's allowance is left. */
    g_assert_cmpuint(live(detector, 2000), ==, OMEN_LEARNT_MAX_A_DAY);
}

/* A disk that fails while the system starts fails. */
static void
test_sure(void)
{
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_trained_detector(judge);

    start(detector);
    g_assert_true(say(detector, 9 * SECOND, "kernel",
                      "critical medium error, dev sda, sector 28640 op 0x0:(READ)")
                      .omen);
}

/* A likely sign counts once the system runs, and not while it starts. */
static void
test_end(void)
{
    static const char *const doubtful =
        "bond0: link status definitely down for interface eth0, disabling it";
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_trained_detector(judge);

    g_assert_false(say(detector, 20 * SECOND, "kernel", doubtful).omen);
    say(detector, 30 * SECOND, "systemd", "Startup finished in 2.1s (kernel) + 27.9s (userspace)");
    g_assert_true(say(detector, 31 * SECOND, "kernel", doubtful).omen);
    g_assert_true(say(detector, OMEN_BOOT_MAX_US + 1, "kernel", doubtful).omen);
}

/* A daemon that is restarted while the system starts, or after. */
static void
test_restart(void)
{
    static const char *const doubtful =
        "bond0: link status definitely down for interface eth0, disabling it";
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_trained_detector(judge);
    g_autoptr(OmenDetector) again = NULL;
    g_autoptr(GVariant) state = NULL;
    g_autoptr(GError) error = NULL;

    config.profile.training = TRAINING;
    start(detector);
    say(detector, 30 * SECOND, "systemd", "Startup finished in 2.1s (kernel) + 27.9s (userspace)");
    state = g_variant_ref_sink(omen_detector_save(detector));
    again = omen_detector_restore(&config, OMEN_PROVENANCE_HOST, judge, state, &error);
    g_assert_no_error(error);
    g_assert_true(say(again, 40 * SECOND, "kernel", doubtful).omen);
    g_assert_false(say(again, 10 * SECOND, "kernel", doubtful).omen);
}

/* However often a system starts, and whatever it says: what is learnt of it has an end. */
static void
test_bounds(void)
{
    OmenBoot boot = {0};
    OmenRecord record = {.identifier = "", .message = "", .uptime_us = 1};
    guint n = 0;

    for (guint i = 0; i < 10; i++) {
        record.time_us = STARTED + i * 600 * SECOND;
        for (guint j = 0; j < 2 * OMEN_BOOT_MAX_LEARNT; j++) {
            g_assert_true(omen_boot_holds(&boot, &record));
            n += omen_boot_take(&boot, &record) ? 1 : 0;
        }
        g_assert_cmpuint(n, ==, MIN((i + 1) * OMEN_BOOT_MAX_LEARNT, OMEN_BOOT_MAX_LEARNT_A_DAY));
    }
    record.uptime_us = 0;
    g_assert_false(omen_boot_holds(&boot, &record));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/boot/healthy", test_healthy);
    g_test_add_func("/boot/sure", test_sure);
    g_test_add_func("/boot/end", test_end);
    g_test_add_func("/boot/restart", test_restart);
    g_test_add_func("/boot/bounds", test_bounds);
    return g_test_run();
}
