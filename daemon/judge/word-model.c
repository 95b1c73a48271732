/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/word-model.h"

#include <math.h>
#include <string.h>

/* Letters of a word that count, and words of a line; as data/knowledge/train has the first. */
#define STEM       7
#define MAX_WORDS  256
#define FIRST_SIZE 1024

typedef struct {
    guint64 key; /* 0: free */
    float weight;
} Weight;

/* Kinds of words, as bits; the first ones are ways to fail. */
static const char *const kind_names[] = {"fail",  "lost",    "stuck", "severe",
                                         "reset", "subject", "good",  "app"};
enum {
    N_WAYS = 5,
    SUBJECT = 5,
    N_KINDS = 8
};

struct _OmenWordModel {
    double bias;
    GHashTable *kinds; /* packed word (guint64) -> kind + 1 */
    Weight *weights;   /* open addressing */
    gsize mask;
    gsize n;
};

OmenWordModel *
omen_word_model_new(void)
{
    OmenWordModel *self = g_new0(OmenWordModel, 1);

    self->weights = g_new0(Weight, FIRST_SIZE);
    self->mask = FIRST_SIZE - 1;
    self->kinds = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return self;
}

void
omen_word_model_free(OmenWordModel *self)
{
    g_hash_table_unref(self->kinds);
    g_free(self->weights);
    g_free(self);
}

/* A stem of up to seven letters is its own key; a pair's is mixed of both. */
static guint64
pack_word(const char *word, gsize length)
{
    guint64 key = 0;

    memcpy(&key, word, MIN(length, STEM));
    return key;
}

static guint64
mix_pair(guint64 first, guint64 second)
{
    guint64 key = first * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) + second;

    key = (key ^ (key >> 29)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
    return (key ^ (key >> 32)) | G_GUINT64_CONSTANT(0x8000000000000000);
}

static Weight *
find(const OmenWordModel *self, guint64 key)
{
    gsize at = (gsize) ((key ^ (key >> 32)) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) >> 32);

    while (self->weights[at & self->mask].key && self->weights[at & self->mask].key != key)
        at++;
    return &self->weights[at & self->mask];
}

static void
put(OmenWordModel *self, guint64 key, float weight)
{
    if (2 * (self->n + 1) > self->mask + 1) {
        g_autofree Weight *old = self->weights;
        gsize n = self->mask + 1;
        self->weights = g_new0(Weight, 2 * n);
        self->mask = 2 * n - 1;
        for (gsize i = 0; i < n; i++) {
            if (old[i].key)
                *find(self, old[i].key) = old[i];
        }
    }
    *find(self, key) = (Weight){.key = key, .weight = weight};
    self->n++;
}

gboolean
omen_word_model_add(OmenWordModel *self, const char *line)
{
    char *word;
    double weight = g_ascii_strtod(line, &word);
    const char *next;

    if (word == line || !isfinite(weight))
        return FALSE;
    if (*word == '\0') {
        self->bias = weight;
        return TRUE;
    }
    if (*word++ != ' ' || !(g_ascii_islower(*word) || *word == '#'))
        return FALSE;
    next = strchr(word, ' ');
    if (!next)
        put(self, pack_word(word, strlen(word)), (float) weight);
    else
        put(self,
            mix_pair(pack_word(word, (gsize) (next - word)), pack_word(next + 1, strlen(next + 1))),
            (float) weight);
    return TRUE;
}

/* Stems of the line's words. "i/o" is one word. */
static guint
cut_words(const char *text, guint64 words[MAX_WORDS])
{
    guint n = 0;

    while (*text && n < MAX_WORDS) {
        char word[STEM + 1] = "";
        gsize length = 0;

        while (*text && !g_ascii_islower(*text))
            text++;
        for (; g_ascii_islower(*text) || (*text == '/' && text[-1] == 'i' && text[1] == 'o');
             text++) {
            if (*text != '/' && length < STEM)
                word[length++] = *text;
        }
        if (length > 0)
            words[n++] = pack_word(word, length);
    }
    return n;
}

static int
compare_keys(const void *a, const void *b)
{
    guint64 left = *(const guint64 *) a;
    guint64 right = *(const guint64 *) b;

    return left < right ? -1 : left > right;
}

gboolean
omen_word_model_add_kind(OmenWordModel *self, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    guint kind = 0;

    while (kind < N_KINDS && !(words[0] && g_str_has_prefix(words[0], kind_names[kind]) &&
                               g_str_equal(words[0] + strlen(kind_names[kind]), ":")))
        kind++;
    if (kind == N_KINDS)
        return FALSE;
    for (guint i = 1; words[i]; i++) {
        guint64 key = pack_word(words[i], strlen(words[i]));
        g_hash_table_insert(self->kinds, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(kind + 1));
    }
    return TRUE;
}

static guint64
pack_kind(const char *name)
{
    char word[STEM + 1] = "#";

    g_strlcat(word, name, sizeof word);
    return pack_word(word, strlen(word));
}

/* Ways to fail that are spoken of, alone and beside a subject, a word of success or an application.
 */
static guint
add_kinds(const OmenWordModel *self, const guint64 *words, guint n_words, guint64 *keys)
{
    gboolean seen[N_KINDS] = {FALSE};
    gboolean any = FALSE;
    guint n = 0;

    for (guint i = 0; i < n_words; i++) {
        guint kind = GPOINTER_TO_UINT(g_hash_table_lookup(self->kinds, &words[i]));
        if (kind > 0)
            seen[kind - 1] = TRUE;
    }
    for (guint way = 0; way < N_WAYS; way++) {
        if (!seen[way])
            continue;
        any = TRUE;
        keys[n++] = pack_kind(kind_names[way]);
        for (guint kind = SUBJECT; kind < N_KINDS; kind++) {
            if (seen[kind])
                keys[n++] = mix_pair(pack_kind(kind_names[kind]), pack_kind(kind_names[way]));
        }
    }
    for (guint kind = SUBJECT + 1; kind < N_KINDS; kind++) {
        if (seen[kind])
            keys[n++] = pack_kind(kind_names[kind]);
    }
    if (!any)
        keys[n++] = pack_kind("none");
    return n;
}

double
omen_word_model_predict(const OmenWordModel *self, const char *text)
{
    guint64 words[MAX_WORDS];
    guint64 keys[2 * MAX_WORDS + N_WAYS * N_KINDS + N_KINDS];
    guint n_words = cut_words(text, words);
    guint n = 0;
    double sum = self->bias;

    for (guint i = 0; i < n_words; i++) {
        keys[n++] = words[i];
        if (i > 0)
            keys[n++] = mix_pair(words[i - 1], words[i]);
    }
    n += add_kinds(self, words, n_words, keys + n);
    /* A feature counts once, however often it comes. */
    qsort(keys, n, sizeof *keys, compare_keys);
    for (guint i = 0; i < n; i++) {
        if (i == 0 || keys[i] != keys[i - 1])
            sum += (double) find(self, keys[i])->weight;
    }
    return 1 / (1 + exp(-sum));
}
