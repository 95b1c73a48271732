/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DeepLog on log keys: a record is abnormal if its key is not among the nine that an LSTM holds
 * likeliest after the last ten. It is trained on normal records, and learns nothing more as it
 * runs. Whose records these are is the evaluation's question: those before the label of the other
 * half of the series, so that none is judged by a model that saw it; or, as other detectors have
 * it, the first records of every series, which are never scored.
 */
#include "detectors.h"
#include "lstm.h"
#include "random.h"
#include "scorer.h"

#include <string.h>

#define SEED       2017
#define CANDIDATES 9
#define EPOCHS     5
#define EXAMPLES   40000 /* at most, of a training */
#define BATCH      64
#define RATE       0.002
#define UNKNOWN    G_MAXUINT16

typedef struct {
    guint16 symbols[LSTM_STEPS + 1]; /* the last is the one to foretell */
    guint16 n;                       /* how often it occurs */
} Example;

typedef struct {
    GHashTable *symbols; /* key -> its symbol + 1 */
    guint n_symbols;
    Lstm *network;
    LstmReal *logits;
} Model;

typedef struct {
    Model *halves[2]; /* by the half that it judges; without the second, the first judges all */
} Models;

typedef struct {
    Model *model;
    guint16 window[LSTM_STEPS];
    guint n;
} DeepLog;

static guint16
symbol_of(const Model *model, guint32 key)
{
    guint symbol = GPOINTER_TO_UINT(g_hash_table_lookup(model->symbols, GUINT_TO_POINTER(key)));

    return symbol > 0 ? (guint16) (symbol - 1) : UNKNOWN;
}

static guint
hash_example(gconstpointer data)
{
    const Example *example = data;
    guint hash = 5381;

    for (guint i = 0; i <= LSTM_STEPS; i++)
        hash = hash * 33 + example->symbols[i];
    return hash;
}

static gboolean
equal_examples(gconstpointer a, gconstpointer b)
{
    return memcmp(((const Example *) a)->symbols, ((const Example *) b)->symbols,
                  sizeof((const Example *) a)->symbols) == 0;
}

static guint
half_of(const Series *series)
{
    return g_str_hash(series->name) & 1;
}

/* How many of @series's records the model that judges @half (or, -1, all) may see. */
static guint
trained_records(const Series *series, gint half)
{
    gsize n = series->keys->len;

    if (half < 0)
        n = MIN(n, EVALUATION_PROBATION);
    else if ((gint) half_of(series) == half)
        n = 0;
    else if (series->label >= 0)
        n = MIN(n, (gsize) series->label);
    return (guint) n;
}

static void
name_symbols(Model *model, const Series *series, guint n)
{
    for (guint i = 0; i < n; i++) {
        gpointer key = GUINT_TO_POINTER(g_array_index(series->keys, guint32, i));

        if (model->n_symbols < UNKNOWN && !g_hash_table_contains(model->symbols, key))
            g_hash_table_insert(model->symbols, key, GUINT_TO_POINTER(++model->n_symbols));
    }
}

static void
add_examples(
    const Model *model, const Series *series, guint n, GPtrArray *examples, GHashTable *seen)
{
    for (guint i = LSTM_STEPS; i < n; i++) {
        g_autofree Example *example = g_new0(Example, 1);
        Example *known = NULL;

        for (guint j = 0; j <= LSTM_STEPS; j++)
            example->symbols[j] =
                symbol_of(model, g_array_index(series->keys, guint32, i - LSTM_STEPS + j));
        known = g_hash_table_lookup(seen, example);
        if (!known) {
            known = g_steal_pointer(&example);
            g_hash_table_add(seen, known);
            g_ptr_array_add(examples, known);
        }
        known->n += known->n < G_MAXUINT16;
    }
}

static void
shuffle(GPtrArray *examples, Random *random)
{
    for (guint i = examples->len; i > 1; i--) {
        guint at = random_below(random, i);
        gpointer kept = examples->pdata[at];

        examples->pdata[at] = examples->pdata[i - 1];
        examples->pdata[i - 1] = kept;
    }
}

static void
train(Model *model, GPtrArray *examples)
{
    Random random = {SEED};

    shuffle(examples, &random);
    if (examples->len > EXAMPLES)
        g_ptr_array_set_size(examples, EXAMPLES);
    for (guint epoch = 1; epoch <= EPOCHS; epoch++) {
        double loss = 0, total = 0, weight = 0;

        shuffle(examples, &random);
        for (guint i = 0; i < examples->len; i++) {
            const Example *example = examples->pdata[i];

            loss += lstm_learn(model->network, example->symbols, example->symbols[LSTM_STEPS],
                               example->n);
            total += example->n;
            weight += example->n;
            if ((i + 1) % BATCH != 0 && i + 1 < examples->len)
                continue;
            /* The rate falls to a tenth over the training. */
            lstm_apply(model->network, RATE * (1 - 0.9 * (epoch - 1) / (EPOCHS - 1)), weight);
            weight = 0;
        }
        g_printerr("DeepLog: %u symbols, %u examples, epoch %u of %u, loss %.4f\n",
                   model->n_symbols, examples->len, epoch, EPOCHS, loss / total);
    }
}

static Model *
model_new(const SeriesSet *set, gint half)
{
    Model *model = g_new0(Model, 1);
    g_autoptr(GPtrArray) examples = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new(hash_example, equal_examples);

    model->symbols = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < set->series->len; i++)
        name_symbols(model, set->series->pdata[i], trained_records(set->series->pdata[i], half));
    for (guint i = 0; i < set->series->len; i++)
        add_examples(model, set->series->pdata[i], trained_records(set->series->pdata[i], half),
                     examples, seen);
    model->network = lstm_new(model->n_symbols, SEED);
    model->logits = g_new(LstmReal, MAX(model->n_symbols, 1));
    if (examples->len > 0)
        train(model, examples);
    return model;
}

static void
model_free(Model *model)
{
    g_hash_table_unref(model->symbols);
    lstm_free(model->network);
    g_free(model->logits);
    g_free(model);
}

gpointer
deeplog_fit(const SeriesSet *set)
{
    Models *models = g_new0(Models, 1);

    for (gint half = 0; half < 2; half++)
        models->halves[half] = model_new(set, half);
    return models;
}

gpointer
deeplog_first_fit(const SeriesSet *set)
{
    Models *models = g_new0(Models, 1);

    models->halves[0] = model_new(set, -1);
    return models;
}

void
deeplog_free_model(gpointer data)
{
    Models *models = data;

    g_clear_pointer(&models->halves[0], model_free);
    g_clear_pointer(&models->halves[1], model_free);
    g_free(models);
}

gpointer
deeplog_reset(const EvaluationDetector *self, const Series *series, GError **error)
{
    DeepLog *state = g_new0(DeepLog, 1);
    const Models *models = self->model;

    state->model = models->halves[models->halves[1] ? half_of(series) : 0];
    return state;
}

/* Below 0.5 for the candidates by rank, from there on for the others; 1 for a key never trained. */
static double
score_next(const DeepLog *self, guint16 symbol)
{
    Model *model = self->model;
    guint rank = 0;

    if (symbol == UNKNOWN)
        return 1;
    lstm_foretell(model->network, self->window, model->logits);
    for (guint i = 0; i < model->n_symbols; i++)
        rank += model->logits[i] > model->logits[symbol];
    if (rank < CANDIDATES)
        return 0.5 * rank / CANDIDATES;
    return 0.5 + 0.5 * (rank - CANDIDATES) / MAX(model->n_symbols - CANDIDATES, 1);
}

double
deeplog_feed(gpointer state, guint32 key)
{
    DeepLog *self = state;
    guint16 symbol = symbol_of(self->model, key);
    double score = self->n >= LSTM_STEPS ? score_next(self, symbol) : 0;

    memmove(self->window, self->window + 1, (LSTM_STEPS - 1) * sizeof *self->window);
    self->window[LSTM_STEPS - 1] = symbol;
    self->n++;
    return score;
}

void
deeplog_free(gpointer state)
{
    g_free(state);
}
