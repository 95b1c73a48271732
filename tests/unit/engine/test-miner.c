/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <virt-omen/miner.h>

static OmenMiner *
new_miner(OmenMinerConfig config)
{
    g_autoptr(GError) error = NULL;
    OmenMiner *miner = omen_miner_new(&config, &error);

    g_assert_no_error(error);
    return miner;
}

static guint32
parse(OmenMiner *miner, const char *message)
{
    OmenParse parse;

    omen_miner_parse(miner, message, strlen(message), &parse);
    return parse.cluster;
}

static void
assert_template(OmenMiner *miner, guint32 cluster, const char *expected)
{
    g_autofree char *text = omen_miner_dup_template(miner, cluster);

    g_assert_cmpstr(text, ==, expected);
}

/* Expected values follow Drain3's algorithm, by hand. */
static void
test_drain(void)
{
    g_autoptr(OmenMiner) miner = new_miner(OMEN_MINER_CONFIG_INIT);

    g_assert_cmpuint(parse(miner, "connection from alice closed"), ==, 1);
    g_assert_cmpuint(parse(miner, "connection from bob closed"), ==, 1);
    assert_template(miner, 1, "connection from <:*:> closed");
    g_assert_cmpuint(parse(miner, "connection from bob"), ==, 2);
    g_assert_cmpuint(parse(miner, "session of bob closed"), ==, 3);
    g_assert_cmpuint(parse(miner, ""), ==, 4);
    g_assert_cmpuint(parse(miner, "   \t "), ==, 4);
    g_assert_cmpuint(parse(miner, "connection from carol closed"), ==, 1);
    g_assert_cmpuint(omen_miner_get_cluster_size(miner, 1), ==, 3);
    g_assert_cmpuint(omen_miner_get_n_clusters(miner), ==, 4);
}

typedef struct {
    const char *message;
    const char *masked;
} Mask;

static const Mask masks[] = {
    {"from 10.1.2.3 port 22", "from <:IP:> port <:NUM:>"},
    {"mac 52:54:00:ab:cd:ef up", "mac <:ID:> up"},
    {"at 0xdeadBEEF now", "at <:HEX:> now"},
    {"[  487.666153] sd 0:0:0:0: [sda]",
     "[ <:NUM:>.<:NUM:>] sd <:NUM:>:<:NUM:>:<:NUM:>:<:NUM:>: [sda]"},
    {"vm5 x86 a1b2", "vm5 x86 a1b2"},
    {"count -5 +7", "count <:NUM:> <:NUM:>"},
    {"Comm: kworker executed cmd \"ls -l\" done", "Comm: kworker executed cmd <:CMD:> done"},
    {"phys_seg 16", "phys seg <:NUM:>"},
};

static void
test_masks(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(masks); i++) {
        g_autoptr(OmenMiner) miner = new_miner(OMEN_MINER_CONFIG_INIT);
        assert_template(miner, parse(miner, masks[i].message), masks[i].masked);
    }
}

static void
test_user_mask(void)
{
    const OmenMask rack = {"RACK", "rack-[0-9]+"};
    const OmenMask broken = {"BAD", "rack-("};
    OmenMinerConfig config = OMEN_MINER_CONFIG_INIT;
    g_autoptr(OmenMiner) miner = NULL;
    g_autoptr(GError) error = NULL;

    config.user_masks = &rack;
    config.n_user_masks = 1;
    miner = new_miner(config);
    assert_template(miner, parse(miner, "power lost in rack-17 row"), "power lost in <:RACK:> row");

    config.user_masks = &broken;
    g_assert_null(omen_miner_new(&config, &error));
    g_assert_error(error, OMEN_MINER_ERROR, OMEN_MINER_ERROR_BAD_MASK);
}

/* The least recently used cluster goes; numbers are never given twice. */
static void
test_eviction(void)
{
    OmenMinerConfig config = OMEN_MINER_CONFIG_INIT;
    g_autoptr(OmenMiner) miner = NULL;

    config.max_clusters = 2;
    miner = new_miner(config);
    g_assert_cmpuint(parse(miner, "alpha one two three"), ==, 1);
    g_assert_cmpuint(parse(miner, "beta one two three"), ==, 2);
    g_assert_cmpuint(parse(miner, "alpha one two three"), ==, 1);
    g_assert_cmpuint(parse(miner, "gamma one two three"), ==, 3);
    g_assert_null(omen_miner_dup_template(miner, 2));
    g_assert_cmpuint(parse(miner, "alpha one two three"), ==, 1);
    g_assert_cmpuint(parse(miner, "beta one two three"), ==, 4);
    g_assert_cmpuint(omen_miner_get_n_clusters(miner), ==, 2);
}

static char *
random_message(void)
{
    static const char *const words[] = {"disk",     "sda",    "failed", "17", "0x1f",
                                        "on",       "node_3", "the",    "up", "10.0.0.1",
                                        "\xff\xfe", "<:*:>",  "x=1"};
    g_autoptr(GString) message = g_string_new(NULL);
    guint n = (guint) g_test_rand_int_range(0, 9);

    for (guint i = 0; i < n; i++)
        g_string_append_printf(message, "%s ",
                               words[g_test_rand_int_range(0, G_N_ELEMENTS(words))]);
    return g_string_free(g_steal_pointer(&message), FALSE);
}

/* restore(save(x)) parses on exactly as x does. */
static void
test_save(void)
{
    OmenMinerConfig config = OMEN_MINER_CONFIG_INIT;
    g_autoptr(OmenMiner) first = NULL;
    g_autoptr(OmenMiner) second = NULL;
    g_autoptr(GVariant) state = NULL;
    g_autoptr(GError) error = NULL;

    config.max_clusters = 60;
    config.max_children = 4;
    first = new_miner(config);
    for (guint i = 0; i < 3000; i++) {
        g_autofree char *message = random_message();
        parse(first, message);
    }
    state = g_variant_ref_sink(omen_miner_save(first));
    second = omen_miner_restore(&config, state, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < 3000; i++) {
        g_autofree char *message = random_message();
        g_assert_cmpuint(parse(first, message), ==, parse(second, message));
    }
}

static void
test_bad_state(void)
{
    OmenMinerConfig config = OMEN_MINER_CONFIG_INIT;
    g_autoptr(GVariant) other = g_variant_ref_sink(g_variant_new_string("nonsense"));
    g_autoptr(GVariant) twisted = g_variant_ref_sink(
        g_variant_new_parsed("(uint32 1, uint32 5, [(uint32 1, uint64 1, ['a', 'b'])], "
                             "[(uint32 0, '', @au []), (uint32 0, '7', [uint32 1])])"));
    GVariant *states[] = {other, twisted};

    for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(omen_miner_restore(&config, states[i], &error));
        g_assert_error(error, OMEN_MINER_ERROR, OMEN_MINER_ERROR_BAD_STATE);
    }
}

/* Any bytes, any length. */
static void
test_random(void)
{
    g_autoptr(OmenMiner) miner = new_miner(OMEN_MINER_CONFIG_INIT);
    g_autofree char *bytes = g_malloc(1 << 20);

    for (guint round = 0; round < 2000; round++) {
        gsize length = (gsize) g_test_rand_int_range(0, round % 100 == 0 ? 1 << 20 : 200);
        OmenParse result;
        for (gsize i = 0; i < length; i++)
            bytes[i] = (char) g_test_rand_int_range(0, 256);
        omen_miner_parse(miner, bytes, length, &result);
        g_assert_cmpuint(result.cluster, >, 0);
    }
    g_assert_cmpuint(omen_miner_get_n_clusters(miner), <=, 1024);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/miner/drain", test_drain);
    g_test_add_func("/miner/masks", test_masks);
    g_test_add_func("/miner/user-mask", test_user_mask);
    g_test_add_func("/miner/eviction", test_eviction);
    g_test_add_func("/miner/save", test_save);
    g_test_add_func("/miner/bad-state", test_bad_state);
    g_test_add_func("/miner/random", test_random);
    return g_test_run();
}
