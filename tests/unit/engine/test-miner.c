/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <time.h>
#include <virt-omen/miner.h>

static OmenMiner *
new_miner(OmenMinerConfig config)
{
    g_autoptr(GError) error = NULL;
    OmenMiner *miner = omen_miner_new(&config, &error);

    g_assert_no_error(error);
    return miner;
}

static OmenMinerConfig
drain_config(void)
{
    OmenMinerConfig config = OMEN_MINER_CONFIG_INIT;

    config.algorithm = OMEN_MINER_DRAIN;
    return config;
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
    g_autoptr(OmenMiner) miner = new_miner(drain_config());

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
        g_autoptr(OmenMiner) miner = new_miner(drain_config());
        assert_template(miner, parse(miner, masks[i].message), masks[i].masked);
    }
}

/* Words are the event, parameters are not: hand-made expectations. */
static const Mask shapes[] = {
    {"[  487.666153] sd 0:0:0:0: [sdb] 8 512-byte blocks",
     "[<:NUM:>] sd <:ID:>: [<:DEV:>] <:*:> blocks"},
    {"EXT4-fs error (device sda1): inode #2: comm ls",
     "EXT4-fs error (device <:DEV:>): inode #<:NUM:>: comm ls"},
    {"from 10.1.2.3:22, 10.1.2.4:23 up", "from <:IP:> up"},
    {"from 10.1.2.3:22 port 5", "from <:IP:> port <:NUM:>"},
    {"mac 52:54:00:ab:cd:ef id 1f0c2d3e-0001-4abc-8def-0123456789ab", "mac <:ID:> id <:UUID:>"},
    {"0000:00:1f.2: AER: at 0xdeadBEEF", "<:PCI:>: AER: at <:HEX:>"},
    {"read 5.2 KB (1190 bytes) in <1 sec, 45% busy", "read <:SIZE:> in <:SIZE:> busy"},
    {"open /dev/kvm: denied", "open /dev/kvm: denied"},
    {"session of user alice closed", "session of user alice closed"},
    {"lock tag=\"View Lock\" name=ws flag=false", "lock tag=<:STR:> name=ws flag=false"},
    {"at Fri Jun 17 07:07:00 PDT 2005 ()", "at <:*:> (<:*:>)"},
    {"Comm: kworker executed cmd \"ls -l\" done", "Comm: kworker executed cmd <:CMD:> done"},
    {"via eth0 and I/O error", "via eth<:NUM:> and I/O error"},
    {"rack <:RACK:> lost", "rack <:RACK:> lost"},
    {"at [<0215242b>] ext3_get_inode+0x4f/0x201 [ext3]",
     "at [<<:HEX:>>] ext3_get_inode+<:HEX:> [ext<:NUM:>]"},
    {"mask=ffffffff to <bob@x> has { read write } on ::1",
     "mask=ffffffff to <bob@x> has <:*:> on <:ID:>"},
    {"user= , for", "user=<:*:>, for"},
};

/* Two lines that are one event, and, in the other half, two that are not. */
static const Mask alike[] = {
    {"Failed password for user alice from 10.0.0.1",
     "Failed password for user test1 from 10.0.0.2"},
    {"sources an14 an15 an16 are lost", "sources bn1 bn2 are lost"},
    {"logname= uid=0 tty=ssh rhost=a.b.c user=root", "logname= uid=5 tty= rhost= user=bob"},
    {"Killed process 17 (httpd).", "Killed process 5 (qemu-kvm)."},
    {"session opened for user bob by (uid=0)", "session opened for user eve by root(uid=0)"},
    {"in step with LOCAL, set to LOCAL(0), stratum 10",
     "in step with LOCAL, set to 10.1.2.3, stratum 2"},
    {"mounted (dev , type tmpfs)", "mounted (dev sdb1, type ext3)"},
    {"exe=/bin/a scontext=u:r:t tclass=dir", "exe=/bin/b scontext=system_u:r:kernel_t tclass=file"},
    {"host name (eadmin1) unknown", "host name (badmin) unknown"},
    {"from HOST.EXAMPLE.ORG up", "from ns1.example.org up"},
    {"peer #12# lost", "peer 10.0.0.1 lost"},
};

static const Mask unlike[] = {
    {"ready=true", "ready=false"},
    {"do_page_fault+0x12f/0x446", "do_exit+0x9f/0x2e3"},
    {"via eth0 down", "via wlan0 down"},
    {"port 1(eth0) is disabled", "port 1(vnet0) is disabled"},
    {"state=bad", "state=good"},
    {"process started", "process died"},
    {"action:org.example.action.SCREEN_ON", "action:org.example.action.SCREEN_OFF"},
};

static void
test_shape_pairs(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(alike); i++) {
        g_autoptr(OmenMiner) miner = new_miner(OMEN_MINER_CONFIG_INIT);
        g_test_message("%s", alike[i].message);
        g_assert_cmpuint(parse(miner, alike[i].message), ==, parse(miner, alike[i].masked));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(unlike); i++) {
        g_autoptr(OmenMiner) miner = new_miner(OMEN_MINER_CONFIG_INIT);
        g_test_message("%s", unlike[i].message);
        g_assert_cmpuint(parse(miner, unlike[i].message), !=, parse(miner, unlike[i].masked));
    }
}

static void
test_shapes(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        g_autoptr(OmenMiner) miner = new_miner(OMEN_MINER_CONFIG_INIT);
        assert_template(miner, parse(miner, shapes[i].message), shapes[i].masked);
    }
}

/* A place shows its text as long as it is the same each time. */
static void
test_shape_grows(void)
{
    g_autoptr(OmenMiner) miner = new_miner(OMEN_MINER_CONFIG_INIT);
    OmenParse result;

    g_assert_cmpuint(parse(miner, "user alice of x86 took 5 ms"), ==, 1);
    g_assert_cmpuint(parse(miner, "user alice of x86 took 17 ms"), ==, 1);
    assert_template(miner, 1, "user alice of x86 took <:SIZE:>");
    omen_miner_parse(miner, "user bob of x86 took 5 ms", 25, &result);
    g_assert_cmpuint(result.cluster, ==, 1);
    g_assert_true(result.changed);
    assert_template(miner, 1, "user <:*:> of x86 took <:SIZE:>");
    /* The same form as before, but for a digit of a text that was kept. */
    omen_miner_parse(miner, "user bob of x87 took 5 ms", 25, &result);
    g_assert_true(result.changed);
    assert_template(miner, 1, "user <:*:> of <:*:> took <:SIZE:>");
    g_assert_cmpuint(parse(miner, "user bob of x86 gave 5 ms"), ==, 2);
}

/* Other digits in the same places never lead to another cluster. */
static void
test_shape_parameters(void)
{
    static const char *const lines[] = {
        "blk_update_request: I/O error, dev sdb, sector 123456 op 0x0:(READ) flags 0x80700",
        "10.11.10.1,10.11.10.2 \"GET /v2/54fa HTTP/1.1\" status: 200 len: 1893 time: 0.24",
        "nvme nvme0: I/O 12 QID 3 timeout, aborting",
        "00:11:43:e3:ba:13 via eth1 [ 12.5] x86 EXT4-fs a1b2-33",
        "[<0215242b>] ext3_get_inode+0x4f/0x201 a0=b5 an14 an15 fefab123 #12# ::1",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(OmenMiner) miner = new_miner(OMEN_MINER_CONFIG_INIT);
        for (guint round = 0; round < 200; round++) {
            g_autofree char *line = g_strdup(lines[i]);
            for (char *at = line; *at; at++) {
                if (g_ascii_isdigit(*at) && at[1] != 'x')
                    *at = (char) ('0' + g_test_rand_int_range(0, 10));
            }
            g_assert_cmpuint(parse(miner, line), ==, 1);
        }
    }
}

/* A flood of lines that are seen once pushes out none that is in daily use, and keeps the bounds.
 */
static void
test_flood(void)
{
    OmenMinerConfig config = OMEN_MINER_CONFIG_INIT;
    g_autoptr(OmenMiner) miner = NULL;

    config.max_clusters = 100;
    config.max_bytes = 20000;
    miner = new_miner(config);
    for (guint i = 0; i < 40; i++)
        g_assert_cmpuint(parse(miner, i % 2 ? "disk is well" : "nothing to do"), ==, 1 + i % 2);
    for (guint i = 0; i < 20000; i++) {
        char word[] = "flood aaaaaaa";
        for (guint j = 0, left = i; j < 7; j++, left /= 26)
            word[6 + j] = (char) ('a' + left % 26);
        parse(miner, word);
        g_assert_cmpuint(omen_miner_get_n_clusters(miner), <=, 100);
        g_assert_cmpuint(omen_miner_get_n_bytes(miner), <=, 20000);
    }
    g_assert_cmpuint(parse(miner, "nothing to do"), ==, 1);
    g_assert_cmpuint(parse(miner, "disk is well"), ==, 2);
}

/* Hexadecimal digits that almost fit: the mask goes back and forth through them. */
static void
test_mask_is_bounded(void)
{
    g_autoptr(OmenMiner) miner = new_miner(drain_config());
    g_autoptr(GString) line = g_string_new("dump ");
    gint64 least_us = G_MAXINT64;

    for (guint i = 0; i < 1000; i++)
        g_string_append_c(line, 'a');
    g_string_append(line, "zz");
    for (guint i = 0; i < 3; i++) {
        clock_t began = clock();
        parse(miner, line->str);
        least_us = MIN(least_us, (gint64) (clock() - began) * G_USEC_PER_SEC / CLOCKS_PER_SEC);
    }
    g_test_message("%" G_GINT64_FORMAT " us", least_us);
    g_assert_cmpint(least_us, <, 8000);
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
    OmenMinerConfig config = drain_config();
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

static void
check_save(OmenMinerConfig config)
{
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
    /* Tables are keyed anew by each process. */
    config.hash_key = 12345;
    second = omen_miner_restore(&config, state, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < 3000; i++) {
        g_autofree char *message = random_message();
        g_autofree char *left = NULL;
        g_autofree char *right = NULL;
        guint32 cluster = parse(first, message);
        g_assert_cmpuint(cluster, ==, parse(second, message));
        left = omen_miner_dup_template(first, cluster);
        right = omen_miner_dup_template(second, cluster);
        g_assert_cmpstr(left, ==, right);
    }
}

/* restore(save(x)) parses on exactly as x does. */
static void
test_save(void)
{
    check_save(OMEN_MINER_CONFIG_INIT);
    check_save(drain_config());
}

static void
assert_bad(OmenMinerConfig config, GVariant *state)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(state);
    g_autoptr(GError) error = NULL;

    g_assert_null(omen_miner_restore(&config, owned, &error));
    g_assert_error(error, OMEN_MINER_ERROR, OMEN_MINER_ERROR_BAD_STATE);
}

static void
test_bad_state(void)
{
    assert_bad(OMEN_MINER_CONFIG_INIT, g_variant_new_string("nonsense"));
    assert_bad(OMEN_MINER_CONFIG_INIT, g_variant_new_parsed("(uint32 2, uint32 0, <'nonsense'>)"));
    /* A shape with a mark, and no place for it. */
    assert_bad(OMEN_MINER_CONFIG_INIT,
               g_variant_new_parsed("(uint32 2, uint32 0, <(uint32 1, [(uint32 1, uint64 1, false, "
                                    "[byte 1], @a(yay) [])])>)"));
    /* A leaf for another number of tokens. */
    assert_bad(drain_config(),
               g_variant_new_parsed(
                   "(uint32 2, uint32 1, <(uint32 5, [(uint32 1, uint64 1, "
                   "[b'a', b'b'])], [(uint32 0, b'', @au []), (uint32 0, b'7', [uint32 1])])>)"));
    assert_bad(drain_config(), g_variant_new_parsed("(uint32 2, uint32 0, <'nonsense'>)"));
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
    g_assert_cmpuint(omen_miner_get_n_clusters(miner), <=, 10000);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/miner/drain", test_drain);
    g_test_add_func("/miner/masks", test_masks);
    g_test_add_func("/miner/shapes", test_shapes);
    g_test_add_func("/miner/shape-pairs", test_shape_pairs);
    g_test_add_func("/miner/shape-grows", test_shape_grows);
    g_test_add_func("/miner/shape-parameters", test_shape_parameters);
    g_test_add_func("/miner/flood", test_flood);
    g_test_add_func("/miner/mask-is-bounded", test_mask_is_bounded);
    g_test_add_func("/miner/user-mask", test_user_mask);
    g_test_add_func("/miner/eviction", test_eviction);
    g_test_add_func("/miner/save", test_save);
    g_test_add_func("/miner/bad-state", test_bad_state);
    g_test_add_func("/miner/random", test_random);
    return g_test_run();
}
