/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <virt-omen/detector.h>

static OmenJudge *
embedded_judge(void)
{
    g_autofree char *folder =
        g_build_filename(g_getenv("OMEN_TEST_SOURCE_ROOT"), "data", "knowledge", NULL);
    g_autoptr(GError) error = NULL;
    OmenJudge *judge = omen_judge_new("embedded", folder, &error);

    g_assert_no_error(error);
    return judge;
}

static OmenDetector *
new_detector(OmenJudge *judge)
{
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    g_autoptr(GError) error = NULL;
    OmenDetector *detector;

    config.profile.training = 40;
    detector = omen_detector_new(&config, OMEN_PROVENANCE_HOST, judge, &error);
    g_assert_no_error(error);
    return detector;
}

static OmenDecision
push(OmenDetector *detector, const char *message)
{
    OmenRecord record = {.priority = OMEN_PRIORITY_INFO,
                         .identifier = "",
                         .message = message,
                         .message_length = strlen(message)};
    OmenDecision decision;

    omen_detector_push(detector, &record, &decision);
    g_assert_cmpfloat(decision.score, >=, 0);
    g_assert_cmpfloat(decision.score, <=, 1);
    return decision;
}

static void
train(OmenDetector *detector, guint n)
{
    static const char *const life[] = {"Started Session 7 of user root.", "session 7 logged out",
                                       "Created slice User Slice of UID 0."};

    for (guint i = 0; i < n; i++)
        g_assert_cmpfloat(push(detector, life[i % G_N_ELEMENTS(life)]).score, ==, 0);
}

#define DEATH "critical medium error, dev sda, sector 28640 op 0x0:(READ)"

static void
test_failure(void)
{
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_detector(judge);
    OmenDecision decision;

    train(detector, 40);
    decision = push(detector, DEATH);
    g_assert_true(decision.omen);
    g_assert_true(decision.new_template);
    g_assert_cmpint(decision.verdict.failure_class, ==, OMEN_FAILURE_DISK);
    /* It does not become normal by repetition. */
    for (guint i = 0; i < 200; i++)
        g_assert_true(push(detector, DEATH).omen);
}

/* The same false alarm is not raised twice; a benign stretch joins what is normal. */
static void
test_benign(void)
{
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_detector(judge);
    OmenDecision decision;

    train(detector, 40);
    decision = push(detector, "Failed password for root from 192.0.2.1 port 22 ssh2");
    g_assert_false(decision.omen);
    g_assert_true(decision.profile.anomalous);
    g_assert_true(decision.learned);
}

/* A fault in the training is not normal when it goes on. */
static void
test_fault_in_training(void)
{
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_detector(judge);

    train(detector, 20);
    for (guint i = 0; i < 20; i++)
        g_assert_true(push(detector, DEATH).omen);
    g_assert_true(push(detector, DEATH).omen);
}

/* What is not so sure waits for the training's end, and is not normal then either. */
static void
test_doubt_in_training(void)
{
    static const char line[] =
        "qla2xxx [0000:05:00.0]-801c:2: Abort command issued nexus=2:0:5 2003.";
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_detector(judge);
    OmenDecision decision;

    train(detector, 20);
    decision = push(detector, line);
    g_assert_false(decision.omen);
    g_assert_cmpfloat(decision.verdict.probability, >=, 0.5);
    g_assert_cmpfloat(decision.verdict.probability, <, 0.9);
    train(detector, 19);
    g_assert_true(push(detector, line).omen);
}

/* One template, other news: a number that is no longer zero. */
static void
test_zero(void)
{
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_detector(judge);
    guint32 template_id;

    train(detector, 40);
    template_id =
        push(detector, "Device: /dev/sda, 0 Currently unreadable (pending) sectors").template_id;
    for (guint i = 0; i < 20; i++)
        g_assert_false(
            push(detector, "Device: /dev/sda, 0 Currently unreadable (pending) sectors").omen);
    g_assert_cmpuint(
        push(detector, "Device: /dev/sda, 8 Currently unreadable (pending) sectors").template_id,
        ==, template_id);
    g_assert_true(
        push(detector, "Device: /dev/sda, 9 Currently unreadable (pending) sectors").omen);
}

static void
say(OmenDetector *detector, guint32 template_id, OmenWord what)
{
    OmenTemplateWord word = {.template_id = template_id,
                             .word = what,
                             .time_us = 1234567,
                             .failure_class = OMEN_FAILURE_PCIE,
                             .scope = OMEN_SCOPE_HOST,
                             .migration_helps = TRUE};

    omen_detector_tell(detector, &word);
}

static OmenDecision
push_at(OmenDetector *detector, gint64 time_us, const char *message)
{
    OmenRecord record = {.time_us = time_us,
                         .priority = OMEN_PRIORITY_INFO,
                         .identifier = "",
                         .message = message,
                         .message_length = strlen(message)};
    OmenDecision decision;

    omen_detector_push(detector, &record, &decision);
    return decision;
}

/* As the daemon's end and start would have it. */
static OmenDetector *
reborn(const OmenDetector *detector, OmenJudge *judge)
{
    g_autoptr(GVariant) state = g_variant_ref_sink(omen_detector_save(detector));
    g_autoptr(GError) error = NULL;
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    OmenDetector *second;

    config.profile.training = 40;
    second = omen_detector_restore(&config, OMEN_PROVENANCE_HOST, judge, state, &error);
    g_assert_no_error(error);
    return second;
}

#define HOUR ((gint64) 3600 * G_USEC_PER_SEC)

/* Who says something new all the time makes little of it normal; what is learnt has its date, also
 * after a restart, and can be undone. */
static void
test_learnt(void)
{
    g_autoptr(OmenJudge) judge = omen_judge_new("never", NULL, NULL);
    g_autoptr(OmenDetector) detector = new_detector(judge);
    g_autoptr(OmenDetector) second = NULL;
    guint32 keys[OMEN_PROFILE_MAX_LENGTH];
    guint n_learnt = 0;
    guint n;

    train(detector, 40);
    g_assert_true(push_at(detector, 20000 * 24 * HOUR, "the first word of many").learned);
    n = omen_profile_get_current(omen_detector_get_profile(detector), keys);
    for (guint i = 0; i < 3000; i++) {
        g_autofree char *line = g_strdup_printf("word%c%c%c of some kind", 'a' + (int) (i % 26),
                                                'a' + (int) (i / 26 % 26), 'a' + (int) (i / 676));
        n_learnt += push_at(detector, (20000 * 24 + i / 150) * HOUR, line).learned ? 1 : 0;
    }
    g_assert_cmpuint(n_learnt, >, 100);
    g_assert_cmpuint(n_learnt, <, 500);
    g_assert_true(push_at(detector, 20001 * 24 * HOUR, "another day and another word").learned);

    second = reborn(detector, judge);
    g_assert_cmpint(omen_detector_get_learnt_us(second, keys, n), ==, 20000 * 24 * HOUR);
    g_assert_true(omen_detector_forget(second, keys, n));
    g_assert_false(omen_detector_forget(second, keys, n));
}

/* A worrying line a day, between a day's ordinary ones, for a year: it never becomes normal. */
static void
test_patience(void)
{
    static const char *const worries[] = {
        DEATH,
        "EXT4-fs error (device dm-0): ext4_find_entry:1455: inode #2: reading directory lblock 0",
        "Out of memory: Killed process 812 (qemu-system-x86)",
        "nvme nvme0: I/O 25 QID 1 timeout, aborting"};
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_detector(judge);

    train(detector, 40);
    for (gint64 day = 20000; day < 20365; day++) {
        const char *worry = worries[day % (gint64) G_N_ELEMENTS(worries)];
        for (gint64 hour = 0; hour < 23; hour++)
            g_assert_false(
                push_at(detector, (day * 24 + hour) * HOUR, "Started Session 7 of user root.")
                    .omen);
        OmenDecision decision = push_at(detector, (day * 24 + 23) * HOUR, worry);
        g_assert_true(decision.omen);
        g_assert_false(decision.learned);
    }
}

/* A disk that reallocates ever more: no single line is a sign, their course is. */
static void
test_trend(void)
{
    static const char smart[] = "Device: /dev/sda [SAT], SMART Usage Attribute: 5 "
                                "Reallocated_Sector_Ct changed from 100 to 99";
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_detector(judge);
    g_autoptr(OmenDetector) second = NULL;
    OmenDecision decision = {0};

    train(detector, 40);
    for (gint64 day = 20000; day < 20030; day++)
        g_assert_false(push_at(detector, day * 24 * HOUR, smart).omen);
    for (gint64 more = 1; more < 5; more++) {
        for (gint64 i = 0; i < 1 << more; i++)
            decision = push_at(detector, ((20030 + more) * 24 + i) * HOUR, smart);
        /* It outlives the daemon's restarts. */
        second = reborn(detector, judge);
        omen_detector_free(detector);
        detector = g_steal_pointer(&second);
    }
    g_assert_true(decision.omen);
    g_assert_cmpint(decision.verdict.failure_class, ==, OMEN_FAILURE_DISK);
    /* One line of it would tell another judge nothing. */
    g_assert_true(decision.verdict.sure);
    g_assert_false(decision.learned);
    say(detector, decision.template_id, OMEN_WORD_DISMISSED);
    g_assert_false(push_at(detector, (20034 * 24 + 20) * HOUR, smart).omen);
}

static OmenDecision
push_by(OmenDetector *detector, const char *identifier, const char *message)
{
    OmenRecord record = {.priority = OMEN_PRIORITY_INFO,
                         .identifier = identifier,
                         .identifier_length = strlen(identifier),
                         .message = message,
                         .message_length = strlen(message)};
    OmenDecision decision;

    omen_detector_push(detector, &record, &decision);
    return decision;
}

/* Who says the kernel's words under another's name does not make them harmless. */
static void
test_writer(void)
{
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_detector(judge);

    train(detector, 40);
    for (guint i = 0; i < 20; i++)
        g_assert_false(push_by(detector, "sshd", DEATH).omen);
    g_assert_true(push_by(detector, "kernel", DEATH).omen);
    g_assert_false(push_by(detector, "sshd", DEATH).omen);
    g_assert_true(push_by(detector, "kernel", DEATH).omen);
}

static void
live(OmenDetector *detector, guint n)
{
    for (guint i = 0; i < n; i++)
        g_assert_false(push(detector, "session 7 logged out").omen);
}

/* What no signature knows: the kernel's trouble that was never seen here, and goes on. */
static void
test_unknown(void)
{
    static const char trouble[] = "[ 5000.1] zorb 3: transfer too slow, giving way";
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_detector(judge);
    OmenDecision decision;

    train(detector, 40);
    live(detector, 300);
    decision = push(detector, trouble);
    g_assert_false(decision.omen);
    live(detector, 5);
    decision = push(detector, trouble);
    g_assert_true(decision.omen);
    g_assert_cmpint(decision.verdict.failure_class, ==, OMEN_FAILURE_UNKNOWN);
    g_assert_cmpint(decision.verdict.scope, ==, OMEN_SCOPE_HOST);
    g_assert_cmpstr(
        omen_failure_get_certainty(decision.verdict.failure_class, decision.verdict.probability),
        ==, "unknown");
    OmenTemplateWord word = {.template_id = decision.template_id, .word = OMEN_WORD_DISMISSED};
    omen_detector_tell(detector, &word);
    g_assert_false(push(detector, trouble).omen);
}

static void
test_dismiss(void)
{
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_detector(judge);
    OmenDecision decision;

    train(detector, 40);
    decision = push(detector, DEATH);
    g_assert_true(decision.omen);
    say(detector, decision.template_id, OMEN_WORD_DISMISSED);
    g_assert_cmpfloat(push(detector, DEATH).score, ==, 0);
    /* Taken back. */
    say(detector, decision.template_id, OMEN_WORD_NONE);
    g_assert_true(push(detector, DEATH).omen);
}

#define ODDITY "the frobnicator of bay seven has turned mauve"

/* An operator's word outweighs a judge that sees nothing, and a life of it as well; it is listed,
 * survives a restart, and can be taken back. */
static void
test_confirm(void)
{
    g_autoptr(OmenJudge) judge = omen_judge_new("never", NULL, NULL);
    g_autoptr(OmenDetector) first = new_detector(judge);
    g_autoptr(OmenDetector) second = NULL;
    g_autoptr(GArray) words = NULL;
    OmenDecision decision;
    guint32 id;

    train(first, 40);
    for (guint i = 0; i < 100; i++)
        g_assert_false(push(first, ODDITY).omen);
    id = push(first, ODDITY).template_id;
    say(first, id, OMEN_WORD_CONFIRMED);

    second = reborn(first, judge);
    for (guint i = 0; i < 5; i++) {
        decision = push(second, ODDITY);
        g_assert_true(decision.omen);
        g_assert_false(decision.learned);
        g_assert_cmpint(decision.verdict.failure_class, ==, OMEN_FAILURE_PCIE);
        g_assert_cmpint(decision.verdict.scope, ==, OMEN_SCOPE_HOST);
        g_assert_true(decision.verdict.migration_helps);
    }
    words = omen_detector_list_words(second);
    g_assert_cmpuint(words->len, ==, 1);
    g_assert_cmpuint(g_array_index(words, OmenTemplateWord, 0).template_id, ==, id);
    g_assert_cmpint(g_array_index(words, OmenTemplateWord, 0).time_us, ==, 1234567);
    say(second, id, OMEN_WORD_NONE);
    g_assert_false(push(second, ODDITY).omen);
}

/* restore(save(x)) decides on exactly as x does, dismissals among it. */
static void
test_save(void)
{
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) first = new_detector(judge);
    g_autoptr(OmenDetector) second = NULL;
    g_autoptr(GVariant) nonsense = g_variant_ref_sink(g_variant_new_int32(7));
    g_autoptr(GError) error = NULL;
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    static const char *const more[] = {"kernel BUG at mm/slub.c:1", DEATH,
                                       "Started Session 9 of user x.",
                                       "lost page write due to I/O error", "quite another thing"};

    train(first, 40);
    say(first, push(first, DEATH).template_id, OMEN_WORD_DISMISSED);
    second = reborn(first, judge);
    for (guint i = 0; i < 20; i++) {
        OmenDecision a = push(first, more[i % G_N_ELEMENTS(more)]);
        OmenDecision b = push(second, more[i % G_N_ELEMENTS(more)]);
        g_assert_cmpuint(a.template_id, ==, b.template_id);
        g_assert_cmpfloat(a.score, ==, b.score);
        g_assert_cmpuint(a.index, ==, b.index);
    }
    g_assert_null(omen_detector_restore(&config, OMEN_PROVENANCE_HOST, judge, nonsense, &error));
    g_assert_error(error, OMEN_DETECTOR_ERROR, OMEN_DETECTOR_ERROR_BAD_STATE);
}

static OmenDecision
warn_at(OmenDetector *detector, const char *message, gint64 time_us)
{
    OmenRecord record = {.priority = OMEN_PRIORITY_WARNING,
                         .identifier = "kernel",
                         .identifier_length = strlen("kernel"),
                         .message = message,
                         .message_length = strlen(message),
                         .time_us = time_us};
    OmenDecision decision;

    omen_detector_push(detector, &record, &decision);
    return decision;
}

static const char *const words[] = {"amber", "birch",  "cedar", "dune",  "ember",
                                    "fern",  "garnet", "heath", "ivory", "jade"};

/* So many kinds of lines that mean nothing. */
static void
tell_life(OmenDetector *detector, guint n, gint64 time_us)
{
    for (guint i = 0; i < n; i++) {
        g_autofree char *line =
            g_strdup_printf("%s %s finished", words[i / 10 % 10], words[i % 10]);
        warn_at(detector, line, time_us + i);
    }
}

#define HOUR_US  ((gint64) 3600 * G_USEC_PER_SEC)
#define START_US ((gint64) 1700000000 * G_USEC_PER_SEC)
#define TROUBLE  "crystal drive: flux coupler failed to settle"

/* Does new trouble of the kernel that goes on become an omen? Some hours after a training that met
 * each kind of line @n times; @restored: after a restart. */
static gboolean
takes_trouble_seriously(guint n, gint64 hours, gboolean restored)
{
    g_autoptr(OmenJudge) judge = omen_judge_new("never", NULL, NULL);
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    g_autoptr(OmenDetector) detector = NULL;
    gint64 now_us = START_US + hours * HOUR_US;

    config.profile.training = n * 60;
    detector = omen_detector_new(&config, OMEN_PROVENANCE_HOST, judge, NULL);
    for (guint i = 0; i < n; i++)
        tell_life(detector, 60, START_US + i * G_USEC_PER_SEC);
    if (restored) {
        g_autoptr(GVariant) state = g_variant_ref_sink(omen_detector_save(detector));
        omen_detector_free(g_steal_pointer(&detector));
        detector = omen_detector_restore(&config, OMEN_PROVENANCE_HOST, judge, state, NULL);
        g_assert_nonnull(detector);
    }
    g_assert_cmpint(omen_detector_get_began_us(detector), ==, START_US);
    tell_life(detector, 60, now_us);
    warn_at(detector, TROUBLE, now_us + G_USEC_PER_SEC);
    return warn_at(detector, TROUBLE, now_us + 2 * G_USEC_PER_SEC).omen;
}

/* What training met once is new on the first day: where all is new, one thing more says nothing. */
static void
test_provisional(void)
{
    g_assert_false(takes_trouble_seriously(1, 2, FALSE));
    g_assert_false(takes_trouble_seriously(1, 2, TRUE));
    g_assert_true(takes_trouble_seriously(3, 2, FALSE));
    g_assert_true(takes_trouble_seriously(1, 25, FALSE));
    g_assert_true(takes_trouble_seriously(1, 25, TRUE));
}

/* Noted once, sure when it comes again, also over a restart; what can not be corrected is sure at
 * once. */
static void
test_passing(void)
{
    g_autoptr(OmenJudge) judge = embedded_judge();
    g_autoptr(OmenDetector) detector = new_detector(judge);
    g_autoptr(OmenDetector) restored = NULL;
    g_autoptr(GVariant) state = NULL;
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    OmenDecision decision;

    train(detector, 40);
    decision =
        warn_at(detector, "INFO: task qemu-kvm:4711 blocked for more than 120 seconds.", START_US);
    g_assert_true(decision.omen);
    g_assert_cmpfloat(decision.score, <, 0.65);
    state = g_variant_ref_sink(omen_detector_save(detector));
    config.profile.training = 40;
    restored = omen_detector_restore(&config, OMEN_PROVENANCE_HOST, judge, state, NULL);
    decision = warn_at(restored, "INFO: task qemu-kvm:4711 blocked for more than 241 seconds.",
                       START_US + 121 * G_USEC_PER_SEC);
    g_assert_cmpfloat(decision.score, >=, 0.9);
    g_assert_cmpint(decision.verdict.failure_class, ==, OMEN_FAILURE_HUNG_TASK);
    decision = warn_at(restored, "EDAC MC0: 1 UE memory read error on CPU_SrcID#0_Chan#0_DIMM#0",
                       START_US + 122 * G_USEC_PER_SEC);
    g_assert_cmpfloat(decision.score, >=, 0.9);
}

/* A guest's one hung task is noted as a host's is: two within minutes make it sure, and theirs is
 * that guest alone. */
static void
test_passing_in_guest(void)
{
    static const char line[] = "INFO: task postgres:811 blocked for more than 120 seconds.";
    g_autoptr(OmenJudge) judge = embedded_judge();
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    g_autoptr(OmenDetector) detector = NULL;
    OmenDecision decision;

    config.profile.training = 40;
    detector = omen_detector_new(&config, OMEN_PROVENANCE_GUEST, judge, NULL);
    train(detector, 40);
    decision = warn_at(detector, line, START_US);
    g_assert_true(decision.omen);
    g_assert_cmpint(decision.verdict.failure_class, ==, OMEN_FAILURE_HUNG_TASK);
    g_assert_cmpint(decision.verdict.scope, ==, OMEN_SCOPE_GUEST);
    g_assert_cmpfloat(decision.verdict.probability, <, 0.65);
    decision = warn_at(detector, line, START_US + HOUR_US);
    g_assert_cmpfloat(decision.verdict.probability, <, 0.65);
    decision = warn_at(detector, line, START_US + HOUR_US + 120 * G_USEC_PER_SEC);
    g_assert_cmpfloat(decision.verdict.probability, >=, 0.9);
    g_assert_cmpint(decision.verdict.scope, ==, OMEN_SCOPE_GUEST);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/detector/failure", test_failure);
    g_test_add_func("/detector/benign", test_benign);
    g_test_add_func("/detector/fault-in-training", test_fault_in_training);
    g_test_add_func("/detector/doubt-in-training", test_doubt_in_training);
    g_test_add_func("/detector/zero", test_zero);
    g_test_add_func("/detector/writer", test_writer);
    g_test_add_func("/detector/unknown", test_unknown);
    g_test_add_func("/detector/dismiss", test_dismiss);
    g_test_add_func("/detector/confirm", test_confirm);
    g_test_add_func("/detector/learnt", test_learnt);
    g_test_add_func("/detector/patience", test_patience);
    g_test_add_func("/detector/trend", test_trend);
    g_test_add_func("/detector/save", test_save);
    g_test_add_func("/detector/provisional", test_provisional);
    g_test_add_func("/detector/passing", test_passing);
    g_test_add_func("/detector/passing-in-guest", test_passing_in_guest);
    return g_test_run();
}
