/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/knowledge.h"

#include <glib/gstdio.h>
#include <string.h>
#include <time.h>
#include <virt-omen/judge.h>

/* (transfer full). */
static char *
find_knowledge(void)
{
    return g_build_filename(g_getenv("OMEN_TEST_SOURCE_ROOT"), "data", "knowledge", NULL);
}

static OmenJudge *
new_judge(void)
{
    g_autofree char *folder = find_knowledge();
    g_autoptr(GError) error = NULL;
    OmenJudge *judge = omen_judge_new("embedded", folder, &error);

    g_assert_no_error(error);
    return judge;
}

typedef struct {
    const char *line;
    OmenFailureClass failure_class;
    const char *device;
} Case;

static const Case failures[] = {
    {"critical medium error, dev sdb, sector 28640 op 0x0:(READ)", OMEN_FAILURE_DISK, "sdb"},
    {"[  1.5] sd 0:0:0:0: [sda] tag#5 Add. Sense: Unrecovered read error", OMEN_FAILURE_DISK,
     "sda"},
    {"Buffer I/O error on dev dm-3, logical block 7, lost async page write", OMEN_FAILURE_DISK,
     "dm-3"},
    {"nvme nvme0: I/O 5 QID 2 timeout, aborting", OMEN_FAILURE_NVME, "nvme0"},
    {"md/raid1:md0: Disk failure on sdc1, disabling device.", OMEN_FAILURE_RAID, "sdc1"},
    {"EXT4-fs error (device sda2): ext4_find_entry:1455: inode #2: reading directory lblock 0",
     OMEN_FAILURE_FILESYSTEM, "sda2"},
    {"rcu: INFO: rcu_preempt self-detected stall on CPU", OMEN_FAILURE_CPU_LOCKUP, ""},
    {"rcu: \\x09Unless rcu_preempt kthread gets sufficient CPU time, OOM is now expected behavior.",
     OMEN_FAILURE_CPU_LOCKUP, ""},
    {"watchdog: BUG: soft lockup - CPU#1 stuck for 22s!", OMEN_FAILURE_CPU_LOCKUP, ""},
    {"INFO: task qemu-system-x86:991 blocked for more than 120 seconds.", OMEN_FAILURE_HUNG_TASK,
     ""},
    {"mce: [Hardware Error]: CPU 0: Machine Check: 0 Bank 8: 9400004000010090", OMEN_FAILURE_MCE,
     ""},
    {"mce: [Hardware Error]: PROCESSOR 0:60fb1 TIME 1795975089 SOCKET 0 APIC 0 microcode 1",
     OMEN_FAILURE_MCE, ""},
    {"EDAC MC0: 1 UE memory read error on CPU_SrcID#0", OMEN_FAILURE_MEMORY, ""},
    {"Out of memory: Killed process 77 (qemu-system-x86)", OMEN_FAILURE_OOM, ""},
    {"CPU3: Package temperature above threshold, cpu clock throttled", OMEN_FAILURE_THERMAL, ""},
    {"NETDEV WATCHDOG: eth0 (ixgbe): transmit queue 3 timed out", OMEN_FAILURE_NIC, "eth0"},
    {"pcieport 0000:00:1c.0: PCIe Bus Error: severity=Uncorrected (Fatal)", OMEN_FAILURE_PCIE,
     "0000:00:1c.0"},
    {"AER: Device recovery failed for 0000:65:00.0", OMEN_FAILURE_PCIE, "0000:65:00.0"},
    {"mlx5_core 0000:05:00.0 enp5s0f0np0: TX timeout detected", OMEN_FAILURE_NIC, "enp5s0f0np0"},
    {"ixgbe 0000:01:00.1: Adapter removed", OMEN_FAILURE_NIC, "0000:01:00.1"},
    {"bond0: (slave ens1f1): link status definitely down, disabling slave", OMEN_FAILURE_NIC,
     "ens1f1"},
    {"mmcblk0: recovery failed!", OMEN_FAILURE_DISK, "mmcblk0"},
    {"252:2 12 Failed 0 1.818 TB SATA HDD N N 512B ST2000NM0008 U -", OMEN_FAILURE_RAID, ""},
    {"device-mapper: thin: 253:5: switching pool to out-of-data-space (queue IO) mode",
     OMEN_FAILURE_DISK, "253:5"},
    {"kernel BUG at drivers/scsi/scsi_lib.c:660!", OMEN_FAILURE_KERNEL_BUG, ""},
    {"nfs: server store not responding, still trying", OMEN_FAILURE_STORAGE_FABRIC, ""},
    {"monitor event BLOCK_IO_ERROR {\"device\": \"\", \"nospace\": false, \"action\": \"stop\"}",
     OMEN_FAILURE_QEMU_BLOCK, ""},
    {"monitor event GUEST_PANICKED {\"action\": \"pause\"}", OMEN_FAILURE_GUEST, ""},
    {"lifecycle: stopped failed", OMEN_FAILURE_QEMU, ""},
};

/* What this daemon itself measures, in the words of its own sources. */
static const Case measured[] = {
    {"QEMU monitor seems to hang: no answer for 18 s", OMEN_FAILURE_QEMU, ""},
    {"libvirtd seems to hang: no answer for 21 s", OMEN_FAILURE_LIBVIRT, ""},
    {"guest agent seems to hang: no answer for 18 s", OMEN_FAILURE_GUEST, ""},
    {"virt-omen-forward seems to hang: no answer for 18 s", OMEN_FAILURE_GUEST, ""},
    {"memory pressure: some avg10=0.00 full avg10=0.00, 40% of 400 MiB left, falling by 10.0% a "
     "minute: gone in 239 s",
     OMEN_FAILURE_OOM, ""},
    {"memory pressure: some avg10=50.00 full avg10=12.00, 50% of 1000 MiB left", OMEN_FAILURE_OOM,
     ""},
    {"memory commitment can not be met: domains may still claim 900 MiB, 120 MiB is available",
     OMEN_FAILURE_OOM, ""},
    {"swap pressure: 512 MiB more in 2 minutes, 70% of 2048 MiB used", OMEN_FAILURE_OOM, ""},
    {"cpu pressure: some avg10=85.00, steal 0%, run queue 6.0 a CPU", OMEN_FAILURE_CPU_LOCKUP, ""},
    {"scheduling delay: a timer was late by 3.1 s", OMEN_FAILURE_CPU_LOCKUP, ""},
    {"io pressure: full avg10=85.00", OMEN_FAILURE_STORAGE_FABRIC, ""},
    {"dirty pressure: 900 MiB wait to be written, 95% of what may", OMEN_FAILURE_STORAGE_FABRIC,
     ""},
};

static const char *const harmless[] = {
    "QEMU monitor answers again",
    "guest agent answers again",
    "guest agent is slow: no answer for 9 s",
    "the clock was set by -3.0 s",
    "memory is not under pressure any more",
    "cpu is no longer waited for much",
    "io is no longer waited for much",
    "swap does not grow any more",
    "what is dirty is written again",
    "memory commitment can be met",
    "memory is overcommitted: domains may still claim 9000 MiB, 4000 MiB is available",
};

static const char *const benign[] = {
    "Failed password for invalid user admin from 203.0.113.7 port 51324 ssh2",
    "EXT4-fs (sda1): mounted filesystem with ordered data mode. Opts: errors=remount-ro",
    "pcieport 0000:00:1c.0: AER: enabled with IRQ 124",
    "Device: /dev/sda [SAT], previous self-test completed without error",
    "Device: /dev/sda [SAT], no errors logged",
    "vnet2: Failed to get link config: No such device",
    "Reserving 256MB of memory at 592MB for crashkernel (System RAM: 16383MB)",
    "br0: port 3(vnet2) entered disabled state",
    "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0",
    "Started Session 17 of User root.",
    "0 errors, 0 warnings",
    "mce: CPU supports 9 MCE banks",
    "lifecycle: started booted",
    "agent-lifecycle: state disconnected reason channel",
    "request 17 served in 3 ms",
    "",
};

static OmenVerdict
judge_line(OmenJudge *judge, OmenProvenance provenance, const char *line)
{
    OmenEvidence evidence = {provenance, OMEN_PRIORITY_INFO, "", line};
    OmenVerdict verdict;

    omen_judge_judge(judge, &evidence, &verdict);
    g_assert_cmpfloat(verdict.probability, >=, 0);
    g_assert_cmpfloat(verdict.probability, <=, 1);
    g_assert_cmpstr(verdict.reason, !=, "");
    return verdict;
}

static void
test_failures(void)
{
    g_autoptr(OmenJudge) judge = new_judge();

    for (gsize i = 0; i < G_N_ELEMENTS(failures); i++) {
        OmenVerdict verdict = judge_line(judge, OMEN_PROVENANCE_HOST, failures[i].line);
        g_test_message("%s", failures[i].line);
        g_assert_cmpfloat(verdict.probability, >=, 0.5);
        g_assert_cmpstr(omen_failure_class_to_string(verdict.failure_class), ==,
                        omen_failure_class_to_string(failures[i].failure_class));
        if (*failures[i].device)
            g_assert_cmpstr(verdict.device, ==, failures[i].device);
    }
}

static void
test_benign(void)
{
    g_autoptr(OmenJudge) judge = new_judge();

    for (gsize i = 0; i < G_N_ELEMENTS(benign); i++) {
        OmenVerdict verdict = judge_line(judge, OMEN_PROVENANCE_HOST, benign[i]);
        g_test_message("%s", benign[i]);
        g_assert_cmpfloat(verdict.probability, <, 0.5);
        g_assert_cmpint(verdict.failure_class, ==, OMEN_FAILURE_BENIGN);
        g_assert_cmpint(verdict.scope, ==, OMEN_SCOPE_NONE);
    }
}

static void
test_measured(void)
{
    g_autoptr(OmenJudge) judge = new_judge();

    for (gsize i = 0; i < G_N_ELEMENTS(measured); i++) {
        OmenVerdict verdict = judge_line(judge, OMEN_PROVENANCE_DOMAIN, measured[i].line);
        g_test_message("%s", measured[i].line);
        g_assert_cmpfloat(verdict.probability, >=, 0.5);
        g_assert_cmpstr(omen_failure_class_to_string(verdict.failure_class), ==,
                        omen_failure_class_to_string(measured[i].failure_class));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(harmless); i++)
        g_assert_cmpfloat(judge_line(judge, OMEN_PROVENANCE_HOST, harmless[i]).probability, <, 0.4);
}

/* What a guest says concerns that guest, however it is worded. */
static void
test_scope(void)
{
    g_autoptr(OmenJudge) judge = new_judge();
    const char *line = "mce: [Hardware Error]: CPU 0: Machine Check: 0 Bank 8";

    g_assert_cmpint(judge_line(judge, OMEN_PROVENANCE_HOST, line).scope, ==, OMEN_SCOPE_HOST);
    g_assert_cmpint(judge_line(judge, OMEN_PROVENANCE_DOMAIN, line).scope, ==, OMEN_SCOPE_DOMAIN);
    g_assert_cmpint(judge_line(judge, OMEN_PROVENANCE_GUEST, line).scope, ==, OMEN_SCOPE_GUEST);
    /* Full storage: moving does not help. */
    g_assert_false(judge_line(judge, OMEN_PROVENANCE_DOMAIN,
                              "io-error: device virtio-disk0 source x action pause reason enospc")
                       .migration_helps);
}

/* Who wrote a line counts: an application speaks of its own affairs, and of what the kernel tells
 * of an application the application has written nothing. */
static void
test_writer(void)
{
    static const struct {
        const char *identifier;
        const char *message;
        gboolean is_failure;
    } cases[] = {
        {"kernel", "Out of memory: Killed process 812 (mysqld)", TRUE},
        {"mysqld", "Out of memory: Killed process 812 (mysqld)", FALSE},
        {"sshd", "Invalid user critical medium error, dev sda, sector 5 from 192.0.2.1", FALSE},
        {"kernel", "critical medium error, dev sda, sector 5", TRUE},
        {"kernel",
         "EXT4-fs error (device sda9): htree_dirblock_to_tree:1003: inode #2: comm containerd: "
         "bad entry in directory",
         TRUE},
        {"dockerd", "open /var/lib/docker/overlay2/l/QX7: input/output error", TRUE},
        {"sudo", "unable to open /var/lib/sudo/ubuntu/0: Read-only file system", TRUE},
        {"sshd", "Invalid user /x: Read-only file system", FALSE},
        {"containerd", "write /sys/fs/cgroup/x: read-only file system", FALSE},
        {"zed", "eid=4 class=deadman pool='data' vdev=sdk1", TRUE},
    };
    g_autoptr(OmenJudge) judge = new_judge();

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        OmenEvidence evidence = {.provenance = OMEN_PROVENANCE_HOST,
                                 .priority = OMEN_PRIORITY_ERROR,
                                 .identifier = cases[i].identifier,
                                 .message = cases[i].message};
        OmenVerdict verdict;
        omen_judge_judge(judge, &evidence, &verdict);
        g_test_message("%s: %s", cases[i].identifier, cases[i].message);
        if (cases[i].is_failure)
            g_assert_cmpfloat(verdict.probability, >=, 0.85);
        else
            g_assert_cmpfloat(verdict.probability, <, 0.1);
    }
}

/* Any bytes; and a hostile line takes no longer than its length tells. */
static void
test_hostile(void)
{
    g_autoptr(OmenJudge) judge = new_judge();
    g_autofree char *line = g_strnfill(100000, 'i');

    judge_line(judge, OMEN_PROVENANCE_GUEST, line);
    for (guint round = 0; round < 2000; round++) {
        for (guint i = 0; i < 100; i++)
            line[i] = (char) g_test_rand_int_range(1, 256);
        line[100] = '\0';
        judge_line(judge, OMEN_PROVENANCE_GUEST, line);
    }
}

/* Processor time of judging it: the least of some, us. */
static gint64
measure_us(OmenJudge *judge, const char *line)
{
    gint64 least = G_MAXINT64;

    for (guint i = 0; i < 3; i++) {
        clock_t began = clock();
        judge_line(judge, OMEN_PROVENANCE_HOST, line);
        least = MIN(least, (gint64) (clock() - began) * G_USEC_PER_SEC / CLOCKS_PER_SEC);
    }
    return least;
}

/* Whoever may write a line may repeat in it what patterns begin with. */
static void
test_repeated_literals(void)
{
    g_autoptr(OmenJudge) judge = new_judge();
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = find_knowledge();
    OmenKnowledge *knowledge = omen_knowledge_load(folder, &error);
    gint64 worst_us = 0;

    g_assert_no_error(error);
    for (guint i = 0; i < knowledge->patterns->len; i++) {
        g_autoptr(GString) line = g_string_new(NULL);
        const char *literal = omen_pattern_get_literal(
            g_array_index(knowledge->patterns, OmenKnownPattern, i).pattern);
        while (line->len < 65536)
            g_string_append_printf(line, "%s ", literal);
        worst_us = MAX(worst_us, measure_us(judge, line->str));
    }
    omen_knowledge_free(knowledge);
    g_test_message("the worst line takes %" G_GINT64_FORMAT " us", worst_us);
    g_assert_cmpint(worst_us, <, 3000);
}

typedef struct {
    const char *pattern;
    const char *text;
    gboolean fits;
    const char *device;
} PatternCase;

static const PatternCase patterns[] = {
    {"medium error", "a medium error b", TRUE, ""},
    {"medium * error", "medium and large error", TRUE, ""},
    {"medium * error", "error medium", FALSE, ""},
    {"dev {device}, sector", "dev sda, sector 5", TRUE, "sda"},
    {"dev {device}, sector", "dev , sector 5", FALSE, ""},
    {"dev {device}, sector", "dev <:*:>, sector 5", TRUE, ""},
    {"{positive} pending", "0 pending", FALSE, ""},
    {"{positive} pending", "has 12 pending", TRUE, ""},
    {"^begin", "begin here", TRUE, ""},
    {"^begin", "not begin", FALSE, ""},
    {"end$", "the end", TRUE, ""},
    {"end$", "end of it", FALSE, ""},
    {"error {device} x", "error a y error b x", TRUE, "b"},
    /* Where a word begins, unless a star lifts that. */
    {"osd * down", "netbiosd is shutting down", FALSE, ""},
    {"osd * down", "the osd 4 is down", TRUE, ""},
    {"*osd * down", "netbiosd is shutting down", TRUE, ""},
    /* A star between spaces may be nothing. */
    {"fan * failed", "fan 3 failed", TRUE, ""},
    {"fan * failed", "fan failed", TRUE, ""},
    {"fan * failed", "fanfailed", FALSE, ""},
    /* The end is the text's own, not the first place of the same words. */
    {"/*: read-only$", "/a: read-only, /b: read-only", TRUE, ""},
    {"/*: read-only$", "/a: read-only now", FALSE, ""},
    /* Who wrote it: at the beginning, or marked by a bracket. */
    {"@sshd", "sshd: hello", TRUE, ""},
    {"@sshd", "a1 sshd[12]: hello", TRUE, ""},
    {"@sshd", "a1 sshd(pam_unix)[12]: hello", TRUE, ""},
    {"@sshd", "kernel: sshd: page allocation failure", FALSE, ""},
    {"@sshd", "kernel: task sshd:12 blocked", FALSE, ""},
    {"@sshd", "openssh-sshd-run[12]: hello", FALSE, ""},
    {"@ssh*", "sshd: hello", FALSE, ""},
};

/* What a pattern finds where the writer is known: its name, and nothing in the message. */
static const struct {
    const char *pattern;
    const char *who;
    const char *message;
    gboolean fits;
} writers[] = {
    {"@sshd", "sshd", "hello", TRUE},
    {"@sshd", "/usr/sbin/sshd", "hello", TRUE},
    {"@postfix", "postfix/smtpd", "hello", TRUE},
    {"@sshd", "kernel", "sshd: page allocation failure", FALSE},
    {"@sshd", "kernel", "sshd[12]: segfault at 0", FALSE},
    {"@ssh", "sshd", "hello", FALSE},
};

static void
test_writer_patterns(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(writers); i++) {
        g_autoptr(OmenPattern) pattern = omen_pattern_new(writers[i].pattern);
        g_autofree char *text = g_strconcat(writers[i].who, ": ", writers[i].message, NULL);
        OmenMatch match;
        g_test_message("%s: %s", writers[i].pattern, text);
        g_assert_cmpint(
            omen_pattern_match(pattern, text, text + strlen(writers[i].who) + 2, &match), ==,
            writers[i].fits);
    }
}

static void
test_patterns(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
        g_autoptr(OmenPattern) pattern = omen_pattern_new(patterns[i].pattern);
        OmenMatch match;
        g_test_message("%s: %s", patterns[i].pattern, patterns[i].text);
        g_assert_cmpint(omen_pattern_match(pattern, patterns[i].text, patterns[i].text, &match), ==,
                        patterns[i].fits);
        if (patterns[i].fits)
            g_assert_cmpstr(match.device, ==, patterns[i].device);
    }
}

/* A mistake in the knowledge is told by file and line. */
static void
test_bad_knowledge(void)
{
    g_autofree char *folder = g_dir_make_tmp("omen-knowledge-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "10-x.signatures", NULL);
    g_autofree char *words = g_build_filename(folder, "suspicion.words", NULL);
    const char *const mistakes[] = {"# x\npattern first\n", "\n[disk device 2 helps 0]\n",
                                    "\n[disk disk 0.5 helps 0]\n",
                                    "[disk device 0.5 helps 0]\nab\n"};
    const char *const places[] = {":2: ", ":2: ", ":2: ", ":2: "};

    g_file_set_contents(words, "", -1, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(mistakes); i++) {
        g_autoptr(GError) error = NULL;
        g_file_set_contents(file, mistakes[i], -1, NULL);
        g_assert_null(omen_judge_new("embedded", folder, &error));
        g_assert_error(error, OMEN_JUDGE_ERROR, OMEN_JUDGE_ERROR_BAD_KNOWLEDGE);
        g_assert_nonnull(strstr(error->message, file));
        g_assert_nonnull(strstr(error->message, places[i]));
    }
    g_unlink(file);
    g_unlink(words);
    g_rmdir(folder);

    g_autoptr(GError) error = NULL;
    g_assert_null(omen_judge_new("oracle", NULL, &error));
    g_assert_error(error, OMEN_JUDGE_ERROR, OMEN_JUDGE_ERROR_UNKNOWN);
}

/* What is hard to explain away stays so beside a failure that ranks higher; what strangers word
 * does not. */
static void
test_standing(void)
{
    static const struct {
        const char *message;
        gboolean is_failure;
    } cases[] = {
        {"the drive sda of this long story is bad", TRUE},
        {"the drive sda of this long story is bad, says app", FALSE},
        {"the drive sda of this long story is bad and lost for good, says app", TRUE},
        {"the drive sda of this long story is bad and lost for good, says stranger", FALSE},
    };
    g_autofree char *folder = g_dir_make_tmp("omen-knowledge-XXXXXX", NULL);
    g_autofree char *signatures = g_build_filename(folder, "10-x.signatures", NULL);
    g_autofree char *words = g_build_filename(folder, "words.model", NULL);
    g_autofree char *kinds = g_build_filename(folder, "words.kinds", NULL);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(words, "0\n", -1, NULL);
    g_file_set_contents(kinds, "subject: drive\n", -1, NULL);
    g_file_set_contents(signatures,
                        "[disk device 0.93 helps 60]\nreason: a\n"
                        "drive {device} of this long story is bad\n"
                        "[disk host 0.99 helps 60]\nreason: b\nlost\n"
                        "[benign none 0.03 stays 0]\nreason: c\nsays app\n"
                        "[benign none 0.01 stays 0]\nreason: d\nsays stranger\n",
                        -1, NULL);
    {
        g_autoptr(OmenJudge) judge = omen_judge_new("embedded", folder, &error);
        g_assert_no_error(error);
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
            OmenVerdict verdict = judge_line(judge, OMEN_PROVENANCE_HOST, cases[i].message);
            g_test_message("%s", cases[i].message);
            g_assert_cmpint(verdict.probability >= 0.5, ==, cases[i].is_failure);
            g_assert_cmpstr(verdict.device, ==, cases[i].is_failure ? "sda" : "");
        }
    }
    g_unlink(signatures);
    g_unlink(words);
    g_unlink(kinds);
    g_rmdir(folder);
}

/* Every failure has something to do first. */
static void
test_first_steps(void)
{
    for (guint i = 0; i < OMEN_N_FAILURE_CLASSES; i++)
        g_assert_cmpint(*omen_failure_class_get_first_step((OmenFailureClass) i) == '\0', ==,
                        i == OMEN_FAILURE_BENIGN);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/judge/failures", test_failures);
    g_test_add_func("/judge/benign", test_benign);
    g_test_add_func("/judge/measured", test_measured);
    g_test_add_func("/judge/scope", test_scope);
    g_test_add_func("/judge/writer", test_writer);
    g_test_add_func("/judge/hostile", test_hostile);
    g_test_add_func("/judge/repeated-literals", test_repeated_literals);
    g_test_add_func("/judge/patterns", test_patterns);
    g_test_add_func("/judge/patterns-of-writers", test_writer_patterns);
    g_test_add_func("/judge/standing", test_standing);
    g_test_add_func("/judge/bad-knowledge", test_bad_knowledge);
    g_test_add_func("/judge/first-steps", test_first_steps);
    return g_test_run();
}
