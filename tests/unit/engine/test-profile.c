/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <virt-omen/profile.h>

static OmenScore
push(OmenProfile *profile, guint32 key)
{
    OmenScore score;

    omen_profile_push(profile, key, &score);
    return score;
}

static void
train(OmenProfile *profile, guint n)
{
    for (guint i = 0; i < n; i++)
        push(profile, 1 + i % 5);
}

static void
test_transition(void)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;
    g_autoptr(OmenProfile) profile = NULL;
    OmenScore score;
    guint32 nearest[OMEN_PROFILE_MAX_LENGTH];

    config.training = 20;
    profile = omen_profile_new(&config);
    train(profile, 20);
    g_assert_false(omen_profile_is_training(profile));
    score = push(profile, 1);
    g_assert_cmpfloat(score.distance, ==, 0);
    g_assert_false(score.anomalous);
    score = push(profile, 77);
    g_assert_true(score.anomalous);
    g_assert_cmpfloat(score.distance, ==, 1);
    g_assert_cmpuint(omen_profile_get_nearest(profile, nearest), ==, 0);
    omen_profile_learn(profile);
    /* 2 comes after 1, and 77 between them does not matter. */
    g_assert_cmpfloat(push(profile, 2).distance, ==, 0);
    g_assert_cmpuint(omen_profile_get_nearest(profile, nearest), ==, 4);
    g_assert_cmpuint(nearest[3], ==, 2);
    /* 77 was learnt after 1; of others' company nothing is known. */
    g_assert_cmpfloat(push(profile, 77).distance, ==, 0);
    for (guint32 other = 90; other < 105; other++)
        g_assert_cmpfloat(push(profile, other).distance, ==, 1);
    g_assert_cmpfloat(push(profile, 2).distance, ==, 0.75);
    g_assert_cmpuint(omen_profile_get_nearest(profile, nearest), ==, 4);
    g_assert_cmpuint(nearest[3], ==, 2);
}

/* |a - b| summed over the places, relative to the stored one, at most 1: by hand. */
static void
test_paper(void)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;
    g_autoptr(OmenProfile) profile = NULL;

    config.metric = OMEN_METRIC_PAPER;
    config.training = 4;
    profile = omen_profile_new(&config);
    push(profile, 10);
    push(profile, 20);
    push(profile, 30);
    push(profile, 40);
    /* (20 30 40 50) against (10 20 30 40): 40 / 100. */
    g_assert_cmpfloat_with_epsilon(push(profile, 50).distance, 0.4, 1e-12);
    g_assert_cmpfloat(push(profile, 500).distance, ==, 1);
}

/* By a plain scan of what trained. */
static double
scan_transition(const guint32 *keys, guint n_training, guint at)
{
    double nearest = 1;

    for (guint j = 3; j < n_training; j++) {
        if (keys[j] != keys[at])
            continue;
        nearest = MIN(nearest, 0.75);
        for (guint back = 1; back < 4; back++) {
            for (guint other = 1; other < OMEN_PROFILE_MAX_LENGTH; other++) {
                if (keys[j - back] == keys[at - other])
                    nearest = 0;
            }
        }
    }
    return nearest;
}

static double
scan_paper(const guint32 *keys, guint n_training, guint at)
{
    double nearest = 1;

    for (guint j = 3; j < n_training; j++) {
        double difference = 0;
        double sum = 0;
        for (guint k = 0; k < 4; k++) {
            difference += ABS((double) keys[j - k] - keys[at - k]);
            sum += keys[j - k];
        }
        nearest = MIN(nearest, difference / sum);
    }
    return nearest;
}

/* The nearest by the store equals the nearest by a plain scan, whatever the metric. */
static void
check_nearest(OmenMetric metric, gint max_key)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;
    g_autoptr(OmenProfile) profile = NULL;
    guint32 keys[3000];

    config.metric = metric;
    config.training = 1500;
    profile = omen_profile_new(&config);
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        OmenScore score;
        keys[i] = (guint32) g_test_rand_int_range(1, max_key);
        score = push(profile, keys[i]);
        if (i < config.training)
            continue;
        g_assert_cmpfloat(score.distance, ==,
                          metric == OMEN_METRIC_PAPER ? scan_paper(keys, config.training, i)
                                                      : scan_transition(keys, config.training, i));
    }
}

static void
test_nearest(void)
{
    check_nearest(OMEN_METRIC_TRANSITION, 9);
    check_nearest(OMEN_METRIC_TRANSITION, 100);
    check_nearest(OMEN_METRIC_PAPER, 9);
    check_nearest(OMEN_METRIC_PAPER, 600);
}

/* Rows that go take what was known by them along, and only that. */
static void
test_forget(void)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;
    const guint32 first[] = {1, 2, 3, 4};
    g_autoptr(OmenProfile) profile = NULL;
    OmenScore score;
    guint32 nearest[OMEN_PROFILE_MAX_LENGTH];

    config.training = 8;
    profile = omen_profile_new(&config);
    for (guint i = 0; i < 4; i++)
        push(profile, first[i]);
    push(profile, 9);
    push(profile, 2);
    push(profile, 3);
    push(profile, 4);
    g_assert_true(omen_profile_forget(profile, first, 4));
    push(profile, 1);
    push(profile, 2);
    push(profile, 3);
    /* By (9 2 3 4). */
    g_assert_cmpfloat(push(profile, 4).distance, ==, 0);
    g_assert_cmpuint(omen_profile_get_nearest(profile, nearest), ==, 4);
    g_assert_cmpuint(nearest[0], ==, 9);
    g_assert_true(omen_profile_forget(profile, nearest, 4));
    push(profile, 1);
    push(profile, 2);
    push(profile, 3);
    score = push(profile, 4);
    g_assert_cmpfloat(score.distance, ==, 1);
    g_assert_true(score.anomalous);
    omen_profile_learn(profile);
    g_assert_cmpuint(omen_profile_get_nearest(profile, nearest), ==, 0);
}

static void
count(const guint32 *keys G_GNUC_UNUSED, guint length, guint64 uses, gpointer user_data)
{
    g_assert_cmpuint(length, ==, 4);
    g_assert_cmpuint(uses, >=, 1);
    (*(guint *) user_data)++;
}

static void
test_bound(void)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;
    g_autoptr(OmenProfile) profile = NULL;
    guint32 keys[OMEN_PROFILE_MAX_LENGTH];
    guint n = 0;
    guint n_kept;

    config.training = 1000;
    config.max_subsequences = 50;
    profile = omen_profile_new(&config);
    for (guint32 i = 0; i < 1000; i++)
        push(profile, i);
    /* The least used go some at a time. */
    n_kept = omen_profile_get_n_subsequences(profile);
    g_assert_cmpuint(n_kept, <=, 50);
    g_assert_cmpuint(n_kept, >=, 47);
    omen_profile_foreach(profile, count, &n);
    g_assert_cmpuint(n, ==, n_kept);
    g_assert_cmpuint(omen_profile_get_current(profile, keys), ==, 4);
    g_assert_true(omen_profile_forget(profile, keys, 4));
    g_assert_false(omen_profile_forget(profile, keys, 4));
    g_assert_cmpuint(omen_profile_get_n_subsequences(profile), ==, n_kept - 1);
}

/* restore(save(x)) scores on exactly as x does. */
static void
test_save(void)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;
    g_autoptr(OmenProfile) first = NULL;
    g_autoptr(OmenProfile) second = NULL;
    g_autoptr(GVariant) state = NULL;
    g_autoptr(GError) error = NULL;

    config.training = 300;
    config.max_subsequences = 100;
    first = omen_profile_new(&config);
    for (guint i = 0; i < 500; i++)
        push(first, (guint32) g_test_rand_int_range(1, 20));
    state = g_variant_ref_sink(omen_profile_save(first));
    second = omen_profile_restore(&config, state, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < 500; i++) {
        guint32 key = (guint32) g_test_rand_int_range(1, 25);
        OmenScore a = push(first, key);
        OmenScore b = push(second, key);
        g_assert_cmpfloat(a.distance, ==, b.distance);
        if (a.anomalous) {
            omen_profile_learn(first);
            omen_profile_learn(second);
        }
    }
    config.length = 5;
    g_assert_null(omen_profile_restore(&config, state, &error));
    g_assert_error(error, OMEN_PROFILE_ERROR, OMEN_PROFILE_ERROR_BAD_STATE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/transition", test_transition);
    g_test_add_func("/profile/paper", test_paper);
    g_test_add_func("/profile/nearest", test_nearest);
    g_test_add_func("/profile/forget", test_forget);
    g_test_add_func("/profile/bound", test_bound);
    g_test_add_func("/profile/save", test_save);
    return g_test_run();
}
