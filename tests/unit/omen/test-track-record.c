/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "omen/track-record.h"

static Omen *
new_omen(OmenFailureClass failure_class, OmenScope scope, OmenFate fate, guint lead_s)
{
    OmenData *data = omen_data_new();

    data->is_proven = TRUE;
    data->id = 1;
    data->failure_class = failure_class;
    data->scope = scope;
    data->time_us = 1000 * (gint64) G_USEC_PER_SEC;
    data->fate = fate;
    data->fate_us = data->time_us + (gint64) lead_s * G_USEC_PER_SEC;
    return omen_new(data);
}

static void
add(GPtrArray *omens, OmenFate fate, guint n, guint lead_s)
{
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(omens, new_omen(OMEN_FAILURE_DISK, OMEN_SCOPE_DEVICE, fate, lead_s));
}

static OmenData *
new_detection(void)
{
    OmenData *detection = omen_data_new();

    detection->is_proven = TRUE;
    detection->failure_class = OMEN_FAILURE_DISK;
    detection->scope = OMEN_SCOPE_DEVICE;
    detection->probability = 0.9;
    return detection;
}

static void
test_precision(void)
{
    g_autoptr(GPtrArray) omens = g_ptr_array_new_with_free_func(g_object_unref);
    OmenTrackRecord record = omen_track_record_count(omens);

    g_assert_cmpfloat(omen_track_record_get_precision(&record), <, 0);
    add(omens, OMEN_FATE_UNKNOWN, 5, 0);
    add(omens, OMEN_FATE_FAILED, 2, 10);
    add(omens, OMEN_FATE_CONFIRMED, 1, 10);
    add(omens, OMEN_FATE_REPAIRED, 3, 10);
    add(omens, OMEN_FATE_DISMISSED, 1, 10);
    add(omens, OMEN_FATE_NOTHING, 1, 10);
    record = omen_track_record_count(omens);
    g_assert_cmpuint(record.n_of_fate[OMEN_FATE_UNKNOWN], ==, 5);
    g_assert_cmpuint(omen_track_record_count_known(&record), ==, 8);
    g_assert_cmpuint(omen_track_record_count_real(&record), ==, 6);
    g_assert_cmpfloat(omen_track_record_get_precision(&record), <, 0);
    add(omens, OMEN_FATE_UNKNOWN, 9, 0);
    add(omens, OMEN_FATE_DISMISSED, 2, 10);
    record = omen_track_record_count(omens);
    g_assert_cmpfloat_with_epsilon(omen_track_record_get_precision(&record), 0.6, 1e-9);
}

/* History outweighs what is typical slowly; what other classes and scopes took does not count. */
static void
test_urgency(void)
{
    g_autoptr(GPtrArray) omens = g_ptr_array_new_with_free_func(g_object_unref);
    g_autoptr(OmenData) detection = new_detection();

    g_assert_cmpuint(omen_track_record_estimate_urgency_s(omens, detection), ==, 0);
    detection->urgency_s = 1000;
    g_assert_cmpuint(omen_track_record_estimate_urgency_s(omens, detection), ==, 1000);
    g_ptr_array_add(omens, new_omen(OMEN_FAILURE_OOM, OMEN_SCOPE_DEVICE, OMEN_FATE_FAILED, 10));
    g_ptr_array_add(omens, new_omen(OMEN_FAILURE_DISK, OMEN_SCOPE_GUEST, OMEN_FATE_FAILED, 10));
    add(omens, OMEN_FATE_REPAIRED, 9, 10);
    g_assert_cmpuint(omen_track_record_estimate_urgency_s(omens, detection), ==, 1000);
    add(omens, OMEN_FATE_FAILED, OMEN_TRACK_PRIOR_WEIGHT, 10);
    g_assert_cmpuint(omen_track_record_estimate_urgency_s(omens, detection), ==, 100);
    detection->urgency_s = 0;
    g_assert_cmpuint(omen_track_record_estimate_urgency_s(omens, detection), ==, 10);
    /* One that came at once says nothing of how long it takes. */
    add(omens, OMEN_FATE_FAILED, 5, 0);
    g_assert_cmpuint(omen_track_record_estimate_urgency_s(omens, detection), ==, 10);
}

static void
test_confidence(void)
{
    g_autoptr(GPtrArray) omens = g_ptr_array_new_with_free_func(g_object_unref);
    g_autoptr(OmenData) detection = new_detection();

    g_assert_cmpfloat(omen_track_record_correct_probability(omens, detection), ==, 0.9);
    add(omens, OMEN_FATE_UNKNOWN, 50, 0);
    g_assert_cmpfloat(omen_track_record_correct_probability(omens, detection), ==, 0.9);
    add(omens, OMEN_FATE_DISMISSED, 2, 10);
    g_assert_cmpfloat_with_epsilon(omen_track_record_correct_probability(omens, detection), 0.72,
                                   1e-9);
    /* A thousand false alarms do not silence the next. */
    add(omens, OMEN_FATE_NOTHING, 1000, 10);
    g_assert_cmpfloat(omen_track_record_correct_probability(omens, detection), ==,
                      OMEN_TRACK_LEAST);
    /* Another class, and what a guest says, are other histories. */
    detection->scope = OMEN_SCOPE_GUEST;
    g_assert_cmpfloat(omen_track_record_correct_probability(omens, detection), ==, 0.9);
    detection->scope = OMEN_SCOPE_DEVICE;
    add(omens, OMEN_FATE_FAILED, 100000, 10);
    g_assert_cmpfloat(omen_track_record_correct_probability(omens, detection), >, 0.95);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/track-record/precision", test_precision);
    g_test_add_func("/track-record/urgency", test_urgency);
    g_test_add_func("/track-record/confidence", test_confidence);
    return g_test_run();
}
