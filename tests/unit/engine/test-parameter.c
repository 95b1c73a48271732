/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each hand-written recogniser finds what the regular expression that documents it finds. */
#include "engine/parameter.h"

#include <string.h>

typedef struct {
    const char *name;
    gsize (*match)(const char *at);
    const char *pattern;
    const char *alphabet; /* of the random texts: what nearly matches */
    const char *const *seeds;
} Recogniser;

static const char *const uuids[] = {"1f0c2d3e-0001-4abc-8def-0123456789ab", NULL};
static const char *const ids[] = {"52:54:00:ab:cd:ef", "fe80::1:2:3", "0:0:0:0", NULL};
static const char *const pcis[] = {"0000:00:1f.2", "00:1f.7", "10000:e1:00.0", NULL};
static const char *const ips[] = {"10.1.2.3", "255.255.255.255", NULL};
static const char *const devices[] = {"sda",   "sdab12",  "nvme0n1p2", "dm-3", "md127",
                                      "xvdb1", "loop7p1", "mmcblk0p1", NULL};
static const char *const units[] = {" KiB", "%",    " bytes",   "ms", " MB/s", "GHz",
                                    "B/s",  "Mbps", " minutes", "b",  NULL};
static const char *const dates[] = {"Mon, 12", "Jun 17", "Fri Jul", "Dec  3", NULL};
static const char *const paths[] = {"/dev/kvm", "./a.out", "~/x.", "../b", "//c", NULL};

#define EDGE "(?![A-Za-z0-9\\x80-\\xff])"

static const Recogniser recognisers[] = {
    {"uuid", omen_parameter_match_uuid, "[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}" EDGE,
     "01aF-g", uuids},
    {"id", omen_parameter_match_id, "([0-9A-Fa-f]{0,4}:){3,}[0-9A-Fa-f]{1,4}" EDGE, "0aF:g", ids},
    {"pci", omen_parameter_match_pci,
     "([0-9A-Fa-f]{4,8}:)?[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\\.[0-7]" EDGE, "0f:.79", pcis},
    {"ip", omen_parameter_match_ip, "[0-9]{1,3}(\\.[0-9]{1,3}){3}" EDGE, "019.a", ips},
    {"device", omen_parameter_match_device,
     "((sd|hd|vd|xvd)[a-z]{1,2}[0-9]*" EDGE
     "|(nvme|md|dm-|loop|sr|nbd|rbd|zram|mmcblk|bcache)[0-9]+(n[0-9]+)?(p[0-9]+)?" EDGE ")",
     "shvxdanmpr01", devices},
    {"unit", omen_parameter_match_unit,
     " ?(%|([kKM]?B/s" EDGE
     "|[bB]|[kK]b|[MG]b|[kKMGTP]B|[KMGT]iB|[kMG]bps|[bB]ytes?|[mun]?s|[mu]?secs?|seconds?"
     "|mins?|minutes?|hrs?|hours?|days?|[kMG]?Hz)" EDGE ")",
     " kMBbpsiu/ec%", units},
    {"date word", omen_parameter_match_date_word,
     "(Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)" EDGE
     "(?=,? +([0-9]|(Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)" EDGE
     "))",
     "MonJu, 12", dates},
    {"path", omen_parameter_match_path,
     "[~.]{0,2}/[^\\s\\x00\\x1c-\\x1f,;:()\\[\\]{}\"'<>|]*[^\\s\\x00\\x1c-\\x1f,;:()\\[\\]{}\"'<>|.]",
     "/.~a, :", paths},
};

static gsize
match_regex(const GRegex *regex, const char *text)
{
    g_autoptr(GMatchInfo) info = NULL;
    gint begin = 0;
    gint end = 0;

    if (!g_regex_match_full(regex, text, -1, 0, G_REGEX_MATCH_ANCHORED, &info, NULL))
        return 0;
    g_match_info_fetch_pos(info, 0, &begin, &end);
    return (gsize) end;
}

static void
check(const Recogniser *self, const GRegex *regex, const char *text)
{
    char padded[256];

    memset(padded, '\n', sizeof padded);
    memcpy(padded, text, strlen(text));
    if (self->match(padded) != match_regex(regex, text))
        g_error("%s: \"%s\": %zu, and by its regular expression %zu", self->name, text,
                self->match(padded), match_regex(regex, text));
}

/* A text that matches, changed in a few places, so that edges of all kinds come up. */
static void
twist(const Recogniser *self, char text[64])
{
    gsize n_seeds = g_strv_length((char **) self->seeds);
    gsize length;
    int n_changes = g_test_rand_int_range(0, 4);

    g_strlcpy(text, self->seeds[g_test_rand_int_range(0, (gint32) n_seeds)], 64);
    length = strlen(text);
    for (int i = 0; i < n_changes; i++) {
        char byte = self->alphabet[g_test_rand_int_range(0, (gint32) strlen(self->alphabet))];
        gsize at = (gsize) g_test_rand_int_range(0, (gint32) length + 1);
        if (at == length && length < 60) {
            text[length++] = byte;
            text[length] = '\0';
        } else if (at < length) {
            text[at] = byte;
        }
    }
}

static void
test_recogniser(gconstpointer data)
{
    const Recogniser *self = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GRegex) regex = g_regex_new(self->pattern, G_REGEX_RAW, 0, &error);
    char text[64];

    g_assert_no_error(error);
    for (gsize i = 0; self->seeds[i]; i++)
        g_assert_cmpuint(match_regex(regex, self->seeds[i]), >, 0);
    for (guint round = 0; round < 200000; round++) {
        if (round % 2) {
            twist(self, text);
        } else {
            guint length = (guint) g_test_rand_int_range(0, 20);
            for (guint i = 0; i < length; i++)
                text[i] = self->alphabet[g_test_rand_int_range(0, (gint32) strlen(self->alphabet))];
            text[length] = '\0';
        }
        check(self, regex, text);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(recognisers); i++) {
        g_autofree char *path = g_strdup_printf("/parameter/%s", recognisers[i].name);
        g_test_add_data_func(path, &recognisers[i], test_recogniser);
    }
    return g_test_run();
}
