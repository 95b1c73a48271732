/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How words are meant: what the grammar takes for an event, and what for a count of nothing, a
 * limit or a name. */
#include "judge/reading.h"

#include <string.h>

static const struct {
    const char *message; /* what stands in [[ ]] are the words of a failure */
    OmenReading reading;
} words[] = {
    {"[[uncorrected error]]s: 0", OMEN_READING_ZERO},
    {"[[uncorrected error]]s: 3", OMEN_READING_EVENT},
    {"0 pages [[hwpoison]]ed", OMEN_READING_ZERO},
    {"2 pages [[hwpoison]]ed", OMEN_READING_EVENT},
    {"edac mc0: 0 [[ue]] on dimm", OMEN_READING_ZERO},
    {"scan ended with 0 [[media error]]s", OMEN_READING_ZERO},
    {"slot 0 [[uncorrectable]] error", OMEN_READING_EVENT},
    {"controller id: 0 [[vd is now offline]]", OMEN_READING_EVENT},
    {"[[i/o error]], dev sda, sector 0", OMEN_READING_EVENT},
    {"edac mc1: [[ce row]] 0, channel 2", OMEN_READING_EVENT},
    {"mce: 0 0 0 [[machine check exception]]s", OMEN_READING_MEASURED},
    {"[[kfence: ]]initialized - using 2097152 bytes", OMEN_READING_ANNOUNCED},
    {"[[machine check]] reporting is enabled on cpu 3", OMEN_READING_ANNOUNCED},
    {"transient [[path down]] reporting is enabled", OMEN_READING_ANNOUNCED},
    {"[[path down]], rebuild not started", OMEN_READING_EVENT},
    {"[[critical temperature]] threshold is 95 degrees", OMEN_READING_MEASURED},
    {"[[critical temperature]] reached (103 c), limit 95", OMEN_READING_EVENT},
    {"[[upper critical]] | asserted | reading 102 > threshold 100", OMEN_READING_EVENT},
    {"using [[low battery]] percent threshold of 4", OMEN_READING_MEASURED},
    {"[[on battery]] at 36% (displayed as 35%)", OMEN_READING_MEASURED},
    {"ups [[on battery]]", OMEN_READING_EVENT},
    {"configuration: errordetection=[[multi-bit ecc]]", OMEN_READING_CONFIGURED},
    {"state=[[failed]] dev=sda", OMEN_READING_EVENT},
    {"? [[softlockup]]fn+0x1c/0x30", OMEN_READING_NAMED},
    {"[[oom_kill]]_process+0x1ce/0x330", OMEN_READING_EVENT},
    {"changing it can lead to crashes and [[data loss]]", OMEN_READING_EXPLAINED},
    {"potential [[data loss]]!", OMEN_READING_EVENT},
};

static const struct {
    const char *message;
    OmenReading reading;
} lines[] = {
    {"Started LSB: Machine Check Exceptions (MCE) collector & decoder.", OMEN_READING_NAMED},
    {"systemd[1]: Listening on systemd-oomd.socket - Out-Of-Memory Killer.", OMEN_READING_NAMED},
    {"Stopped by a failed disk", OMEN_READING_EVENT},
    {"sysrq: HELP : loglevel(0-9) reboot(b) crash(c) kill-all-tasks(i) sak(k)",
     OMEN_READING_EXPLAINED},
    {"\t\tCESta:\tRxErr- BadTLP- BadDLLP- Rollover- Timeout-", OMEN_READING_CONFIGURED},
    {"... MAX_LOCKDEP_KEYS:        8191", OMEN_READING_CONFIGURED},
    {"E: MEMORY_ARRAY_EC_TYPE=Multi-bit ECC", OMEN_READING_CONFIGURED},
    {"calling  hung_task_init+0x0/0x4e @ 1", OMEN_READING_ANNOUNCED},
    {"initcall hung_task_init+0x0/0x4e returned 0 after 33 usecs", OMEN_READING_ANNOUNCED},
    {"DEBUG probert.utils:49 Filesystem features: error", OMEN_READING_QUOTED},
    {"assert logs == ['I/O error, dev sda']", OMEN_READING_QUOTED},
    {"sd 0:0:0:0: [sda] Add. Sense: Unrecovered read error", OMEN_READING_EVENT},
    {"EDAC MC0: 1 UE memory read error on CPU_SrcID#0", OMEN_READING_EVENT},
    {"", OMEN_READING_EVENT},
};

static const struct {
    const char *message;
    OmenGrade grade;
} grades[] = {
    {"edac mc0: 1 ce memory read error on dimm#0", OMEN_GRADE_CORRECTED},
    {"pcie bus error: severity=corrected, type=physical layer", OMEN_GRADE_CORRECTED},
    {"aer: corrected error received: 0000:00:1c.5", OMEN_GRADE_CORRECTED},
    {"{1}[hardware error]: event severity: corrected", OMEN_GRADE_CORRECTED},
    {"pcie bus error: severity=uncorrected (fatal)", OMEN_GRADE_FAILED},
    {"uncorrected error", OMEN_GRADE_FAILING},
    {"{1}[hardware error]: section_type: memory error", OMEN_GRADE_CORRECTED},
    {"md/raid:md0: read error not corrected!!", OMEN_GRADE_FAILING},
    {"corrected errors exceed their threshold", OMEN_GRADE_FAILING},
    {"package temperature above threshold, cpu clock throttled", OMEN_GRADE_DEGRADED},
    {"sd 0:0:0:0: rejecting i/o to offline device", OMEN_GRADE_FAILED},
};

static void
test_grades(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(grades); i++) {
        g_test_message("%s", grades[i].message);
        g_assert_cmpstr(omen_grade_to_string(omen_reading_of_grade(grades[i].message)), ==,
                        omen_grade_to_string(grades[i].grade));
    }
}

static void
test_words(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        g_auto(GStrv) open = g_strsplit(words[i].message, "[[", 2);
        g_auto(GStrv) close = g_strsplit(open[1], "]]", 2);
        g_autofree char *message = g_strconcat(open[0], close[0], close[1], NULL);
        g_test_message("%s", words[i].message);
        g_assert_cmpint(omen_reading_of_words(message, message + strlen(open[0]), strlen(close[0])),
                        ==, words[i].reading);
    }
}

static void
test_lines(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_test_message("%s", lines[i].message);
        g_assert_cmpint(omen_reading_of_line(lines[i].message), ==, lines[i].reading);
        g_assert_nonnull(omen_reading_to_reason(lines[i].reading));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reading/words", test_words);
    g_test_add_func("/reading/lines", test_lines);
    g_test_add_func("/reading/grades", test_grades);
    return g_test_run();
}
