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
test_mismatch(void)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;
    g_autoptr(OmenProfile) profile = NULL;
    OmenScore score;

    config.training = 20;
    profile = omen_profile_new(&config);
    train(profile, 20);
    g_assert_false(omen_profile_is_training(profile));
    score = push(profile, 1);
    g_assert_cmpfloat(score.distance, ==, 0);
    g_assert_false(score.anomalous);
    score = push(profile, 77);
    g_assert_true(score.novel);
    g_assert_true(score.anomalous);
    g_assert_cmpfloat(score.distance, ==, 0.25);
    g_assert_true(score.has_nearest);
    omen_profile_learn(profile);
    for (guint32 key = 2; key < 6; key++)
        push(profile, key);
    push(profile, 1);
    g_assert_cmpfloat(push(profile, 2).distance, ==, 0);
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

/* The nearest by the store equals the nearest by a plain scan of all that was learnt. */
static void
test_nearest(void)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;
    g_autoptr(OmenProfile) profile = NULL;
    guint32 keys[4000];

    config.training = 2000;
    profile = omen_profile_new(&config);
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        double expected = 1;
        OmenScore score;
        keys[i] = (guint32) g_test_rand_int_range(1, 9);
        score = push(profile, keys[i]);
        if (i < config.training)
            continue;
        for (guint j = 3; j < config.training; j++) {
            guint different = 0;
            for (guint k = 0; k < 4; k++)
                different += keys[j - k] != keys[i - k];
            expected = MIN(expected, different / 4.0);
        }
        g_assert_cmpfloat(score.distance, ==, expected);
    }
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

    config.training = 1000;
    config.max_subsequences = 50;
    profile = omen_profile_new(&config);
    for (guint32 i = 0; i < 1000; i++)
        push(profile, i);
    g_assert_cmpuint(omen_profile_get_n_subsequences(profile), ==, 50);
    omen_profile_foreach(profile, count, &n);
    g_assert_cmpuint(n, ==, 50);
    g_assert_cmpuint(omen_profile_get_current(profile, keys), ==, 4);
    g_assert_true(omen_profile_forget(profile, keys, 4));
    g_assert_false(omen_profile_forget(profile, keys, 4));
    g_assert_cmpuint(omen_profile_get_n_subsequences(profile), ==, 49);
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
        g_assert_cmpint(a.novel, ==, b.novel);
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
    g_test_add_func("/profile/mismatch", test_mismatch);
    g_test_add_func("/profile/paper", test_paper);
    g_test_add_func("/profile/nearest", test_nearest);
    g_test_add_func("/profile/bound", test_bound);
    g_test_add_func("/profile/save", test_save);
    return g_test_run();
}
