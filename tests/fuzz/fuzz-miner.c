/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any lines, any bytes, through both miners; what they save, they restore. */
#include "fuzz.h"

#include <virt-omen/miner.h>

static void
check_saved(const OmenMinerConfig *config, OmenMiner *miner, const char *last, gsize length)
{
    g_autoptr(GVariant) state = g_variant_ref_sink(omen_miner_save(miner));
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenMiner) restored = omen_miner_restore(config, state, &error);
    OmenParse left;
    OmenParse right;

    g_assert_no_error(error);
    omen_miner_parse(miner, last, length, &left);
    omen_miner_parse(restored, last, length, &right);
    g_assert_cmpuint(left.cluster, ==, right.cluster);
}

static void
mine(OmenMinerAlgorithm algorithm, const char *text, gsize size)
{
    OmenMinerConfig config = OMEN_MINER_CONFIG_INIT;
    g_autoptr(OmenMiner) miner = NULL;
    const char *line = text;
    gsize length = 0;

    config.algorithm = algorithm;
    config.max_clusters = 8;
    config.max_children = 3;
    miner = omen_miner_new(&config, NULL);
    for (gsize at = 0; at <= size; at++) {
        OmenParse parse;
        if (at < size && text[at] != '\n')
            continue;
        length = (gsize) (text + at - line);
        omen_miner_parse(miner, line, length, &parse);
        g_assert_cmpuint(parse.cluster, >, 0);
        g_assert_cmpuint(omen_miner_get_n_clusters(miner), <=, 8);
        if (at < size)
            line = text + at + 1;
    }
    check_saved(&config, miner, line, size == 0 ? 0 : (gsize) (text + size - line));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_memdup2(data, size);

    mine(OMEN_MINER_SHAPE, text ? text : "", size);
    mine(OMEN_MINER_DRAIN, text ? text : "", size);
    return 0;
}
