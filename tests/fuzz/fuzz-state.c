/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A saved detector that is damaged in any way is refused, or works: it never harms. */
#include "fuzz.h"

#include <string.h>
#include <virt-omen/detector.h>

static void
restore(OmenMinerAlgorithm algorithm, OmenJudge *judge, GVariant *state)
{
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    g_autoptr(OmenDetector) detector = NULL;
    OmenDecision decision;
    OmenRecord record = {.identifier = "", .message = "disk 1 failed", .message_length = 13};

    config.miner.algorithm = algorithm;
    detector = omen_detector_restore(&config, OMEN_PROVENANCE_HOST, judge, state, NULL);
    if (!detector)
        return;
    for (guint i = 0; i < 8; i++)
        omen_detector_push(detector, &record, &decision);
    g_variant_unref(g_variant_ref_sink(omen_detector_save(detector)));
}

/* A good state of a small life. */
static GBytes *
save_sample(OmenMinerAlgorithm algorithm, OmenJudge *judge)
{
    static const char *const lines[] = {
        "disk sda is well", "EXT4-fs (sdb1): mounted", "user bob left 5 MB", "a", "",
        "10.0.0.1 is up"};
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    g_autoptr(OmenDetector) detector = NULL;
    g_autoptr(GVariant) state = NULL;

    config.miner.algorithm = algorithm;
    config.profile.training = 8;
    detector = omen_detector_new(&config, OMEN_PROVENANCE_HOST, judge, NULL);
    for (guint i = 0; i < 24; i++) {
        const char *line = lines[(i * i) % G_N_ELEMENTS(lines)];
        OmenRecord record = {.identifier = "", .message = line, .message_length = strlen(line)};
        OmenDecision decision;
        omen_detector_push(detector, &record, &decision);
    }
    state = g_variant_ref_sink(omen_detector_save(detector));
    return g_variant_get_data_as_bytes(state);
}

/* Bytes changed here and there: three of @data each, where and to what. */
static GBytes *
damage(GBytes *sample, const uint8_t *data, size_t size)
{
    gsize length;
    guint8 *bytes = g_bytes_unref_to_data(g_bytes_ref(sample), &length);

    for (size_t i = 0; i + 2 < size; i += 3)
        bytes[((gsize) data[i] << 8 | data[i + 1]) % length] = data[i + 2];
    return g_bytes_new_take(bytes, length);
}

static void
try_state(OmenMinerAlgorithm algorithm, OmenJudge *judge, GBytes *bytes)
{
    g_autoptr(GVariant) state = g_variant_ref_sink(
        g_variant_new_from_bytes(G_VARIANT_TYPE("(ua{uy}vva(uyxssb)a(xau)a(uxau))"), bytes, FALSE));

    restore(algorithm, judge, state);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(OmenJudge) judge = omen_judge_new("never", NULL, NULL);
    g_autoptr(GBytes) raw = g_bytes_new(data, size);

    for (int algorithm = OMEN_MINER_SHAPE; algorithm <= OMEN_MINER_DRAIN; algorithm++) {
        g_autoptr(GBytes) sample = save_sample((OmenMinerAlgorithm) algorithm, judge);
        g_autoptr(GBytes) damaged = damage(sample, data, size);
        try_state((OmenMinerAlgorithm) algorithm, judge, raw);
        try_state((OmenMinerAlgorithm) algorithm, judge, damaged);
    }
    return 0;
}
