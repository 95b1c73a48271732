/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "llm/llm.h"

#include "llm/request-budget.h"

#define MAX_REMEMBERED 1000
#define MAX_ASKED      16 /* questions at once */
#define SAVED_TYPE     "(sa(sdss))"

/* A question under way, and all who want to know. */
typedef struct {
    char *key;
    OmenLlmQuestion *question;
    GArray *waiters;
    gint64 began_us;
} Inquiry;

typedef struct {
    OmenLlmFunc function;
    gpointer user_data;
    GDestroyNotify destroy;
} Waiter;

struct _OmenLlm {
    GObject parent_instance;

    OmenLlmClient *client;
    GCancellable *cancellable;
    char *model;           /* whose answers are remembered */
    GHashTable *answers;   /* key -> GList of order */
    GQueue order;          /* Remembered, latest use first */
    GHashTable *inquiries; /* key -> Inquiry */
    OmenRequestBudget budget;
    OmenLlmCounts counts;
    gboolean is_changed;
};

typedef struct {
    char *key;
    OmenLlmAnswer *answer;
} Remembered;

G_DEFINE_FINAL_TYPE(OmenLlm, omen_llm, G_TYPE_OBJECT)

static void
clear_waiter(gpointer data)
{
    Waiter *self = data;

    if (self->destroy)
        self->destroy(self->user_data);
}

static void
inquiry_free(gpointer data)
{
    Inquiry *self = data;

    g_array_unref(self->waiters);
    omen_llm_question_free(self->question);
    g_free(self->key);
    g_free(self);
}

static void
remembered_free(gpointer data)
{
    Remembered *self = data;

    omen_llm_answer_free(self->answer);
    g_free(self->key);
    g_free(self);
}

static void
omen_llm_dispose(GObject *object)
{
    OmenLlm *self = OMEN_LLM(object);

    g_cancellable_cancel(self->cancellable);
    g_hash_table_remove_all(self->inquiries);
    G_OBJECT_CLASS(omen_llm_parent_class)->dispose(object);
}

static void
omen_llm_finalize(GObject *object)
{
    OmenLlm *self = OMEN_LLM(object);

    g_hash_table_unref(self->answers);
    g_queue_clear_full(&self->order, remembered_free);
    g_hash_table_unref(self->inquiries);
    g_object_unref(self->cancellable);
    g_clear_object(&self->client);
    g_free(self->model);
    G_OBJECT_CLASS(omen_llm_parent_class)->finalize(object);
}

static void
omen_llm_class_init(OmenLlmClass *class)
{
    G_OBJECT_CLASS(class)->dispose = omen_llm_dispose;
    G_OBJECT_CLASS(class)->finalize = omen_llm_finalize;
}

static void
omen_llm_init(OmenLlm *self)
{
    self->cancellable = g_cancellable_new();
    self->answers = g_hash_table_new(g_str_hash, g_str_equal);
    g_queue_init(&self->order);
    self->inquiries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, inquiry_free);
}

OmenLlm *
omen_llm_new(const OmenLlmSettings *settings, GError **error)
{
    g_autoptr(OmenLlm) self = g_object_new(OMEN_TYPE_LLM, NULL);

    self->client = omen_llm_client_new(settings, error);
    if (!self->client)
        return NULL;
    self->model = g_strdup_printf("%s %s", settings->url, settings->model);
    omen_request_budget_init(&self->budget, settings->calls_an_hour, settings->tokens_an_hour);
    return g_steal_pointer(&self);
}

/* ---- what is remembered ---- */

static void
remember(OmenLlm *self, const char *key, const OmenLlmAnswer *answer)
{
    GList *known = g_hash_table_lookup(self->answers, key);
    Remembered *entry = g_new0(Remembered, 1);

    if (known) {
        g_hash_table_remove(self->answers, key);
        remembered_free(known->data);
        g_queue_delete_link(&self->order, known);
    }
    entry->key = g_strdup(key);
    entry->answer = omen_llm_answer_copy(answer);
    g_queue_push_head(&self->order, entry);
    g_hash_table_insert(self->answers, entry->key, self->order.head);
    if (g_queue_get_length(&self->order) > MAX_REMEMBERED) {
        Remembered *last = g_queue_pop_tail(&self->order);
        g_hash_table_remove(self->answers, last->key);
        remembered_free(last);
    }
    self->is_changed = TRUE;
}

const OmenLlmAnswer *
omen_llm_recall(OmenLlm *self, const OmenLlmQuestion *question)
{
    g_autofree char *key = omen_llm_question_dup_key(question);
    GList *known = g_hash_table_lookup(self->answers, key);

    if (!known)
        return NULL;
    g_queue_unlink(&self->order, known);
    g_queue_push_head_link(&self->order, known);
    self->counts.n_recalled++;
    return ((Remembered *) known->data)->answer;
}

char *
omen_llm_save(OmenLlm *self)
{
    GVariantBuilder builder;
    g_autoptr(GVariant) saved = NULL;

    if (!self->is_changed)
        return NULL;
    self->is_changed = FALSE;
    g_variant_builder_init(&builder, G_VARIANT_TYPE(SAVED_TYPE));
    g_variant_builder_add(&builder, "s", self->model);
    g_variant_builder_open(&builder, G_VARIANT_TYPE("a(sdss)"));
    for (GList *at = self->order.head; at; at = at->next) {
        const Remembered *entry = at->data;
        g_variant_builder_add(&builder, "(sdss)", entry->key, entry->answer->probability,
                              omen_failure_class_to_string(entry->answer->failure_class),
                              entry->answer->reason);
    }
    g_variant_builder_close(&builder);
    saved = g_variant_ref_sink(g_variant_builder_end(&builder));
    return g_variant_print(saved, FALSE);
}

gboolean
omen_llm_restore(OmenLlm *self, const char *saved)
{
    g_autoptr(GVariant) state =
        g_variant_parse(G_VARIANT_TYPE(SAVED_TYPE), saved, NULL, NULL, NULL);
    g_autoptr(GVariant) entries = NULL;
    const char *model;

    if (!state)
        return FALSE;
    g_variant_get(state, "(&s@a(sdss))", &model, &entries);
    if (!g_str_equal(model, self->model))
        return FALSE;
    for (gsize i = MIN(g_variant_n_children(entries), MAX_REMEMBERED); i-- > 0;) {
        const char *key;
        const char *word;
        const char *reason;
        OmenFailureClass failure_class;
        double probability;
        g_variant_get_child(entries, i, "(&sd&s&s)", &key, &probability, &word, &reason);
        if (!(probability >= 0 && probability <= 1) ||
            !omen_failure_class_from_string(word, &failure_class))
            continue;
        g_autoptr(OmenLlmAnswer) answer = omen_llm_answer_new(probability, failure_class, reason);
        remember(self, key, answer);
    }
    self->is_changed = FALSE;
    return TRUE;
}

/* ---- asking ---- */

static void
tell(Inquiry *inquiry, const OmenLlmAnswer *answer, const GError *error)
{
    for (guint i = 0; i < inquiry->waiters->len; i++) {
        const Waiter *waiter = &g_array_index(inquiry->waiters, Waiter, i);
        waiter->function(inquiry->question, answer, error, waiter->user_data);
    }
}

static void
count(OmenLlm *self, const Inquiry *inquiry, const OmenLlmAnswer *answer)
{
    gint64 now_us = g_get_monotonic_time();

    omen_request_budget_settle(&self->budget, answer != NULL, answer ? answer->n_tokens : 0,
                               now_us);
    if (answer) {
        self->counts.n_answered++;
        self->counts.seconds += (double) (now_us - inquiry->began_us) / G_USEC_PER_SEC;
    } else {
        self->counts.n_failed++;
        omen_request_budget_rest(&self->budget, omen_llm_client_get_busy_until_us(self->client));
    }
}

/* An answer may come after the one that asked is gone. */
typedef struct {
    GWeakRef llm;
    char *key;
} Errand;

static void
errand_free(Errand *self)
{
    g_weak_ref_clear(&self->llm);
    g_free(self->key);
    g_free(self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Errand, errand_free)

static void
on_answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Errand) errand = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenLlmAnswer) answer =
        omen_llm_client_ask_finish(OMEN_LLM_CLIENT(source), result, &error);
    g_autoptr(OmenLlm) self = g_weak_ref_get(&errand->llm);
    Inquiry *inquiry = self ? g_hash_table_lookup(self->inquiries, errand->key) : NULL;

    if (!inquiry)
        return;
    g_hash_table_steal(self->inquiries, errand->key);
    count(self, inquiry, answer);
    if (answer)
        remember(self, errand->key, answer);
    else
        g_info("llm: no answer: %s", error->message);
    tell(inquiry, answer, error);
    inquiry_free(inquiry);
}

static gboolean
is_allowed(OmenLlm *self, const OmenLlmQuestion *question, GError **error)
{
    OmenRequestBudgetResult word = OMEN_REQUEST_BUDGET_SPENT;

    if (g_hash_table_size(self->inquiries) < MAX_ASKED)
        word = omen_request_budget_take(
            &self->budget, question->provenance == OMEN_PROVENANCE_GUEST, g_get_monotonic_time());
    if (word == OMEN_REQUEST_BUDGET_GRANTED)
        return TRUE;
    self->counts.n_refused++;
    if (word == OMEN_REQUEST_BUDGET_OPEN)
        g_set_error(error, OMEN_LLM_ERROR, OMEN_LLM_ERROR_OPEN,
                    "the model's server failed too often, or asked to be left alone for a while");
    else
        g_set_error(error, OMEN_LLM_ERROR, OMEN_LLM_ERROR_SPENT,
                    "the model was asked as often as [judge] allows");
    return FALSE;
}

static Inquiry *
begin_inquiry(OmenLlm *self, const char *key, OmenLlmQuestion *question)
{
    Inquiry *inquiry = g_new0(Inquiry, 1);
    Errand *errand = g_new0(Errand, 1);

    inquiry->key = g_strdup(key);
    inquiry->question = question;
    inquiry->waiters = g_array_new(FALSE, FALSE, sizeof(Waiter));
    g_array_set_clear_func(inquiry->waiters, clear_waiter);
    inquiry->began_us = g_get_monotonic_time();
    g_hash_table_insert(self->inquiries, inquiry->key, inquiry);
    g_weak_ref_init(&errand->llm, self);
    errand->key = g_strdup(key);
    omen_llm_client_ask_async(self->client, question, self->cancellable, on_answered, errand);
    return inquiry;
}

gboolean
omen_llm_ask(OmenLlm *self,
             OmenLlmQuestion *question,
             OmenLlmFunc function,
             gpointer user_data,
             GDestroyNotify destroy,
             GError **error)
{
    g_autoptr(OmenLlmQuestion) owned = question;
    g_autofree char *key = omen_llm_question_dup_key(question);
    Waiter waiter = {function, user_data, destroy};
    Inquiry *inquiry = g_hash_table_lookup(self->inquiries, key);

    if (!inquiry && !is_allowed(self, question, error)) {
        clear_waiter(&waiter);
        return FALSE;
    }
    if (!inquiry)
        inquiry = begin_inquiry(self, key, g_steal_pointer(&owned));
    g_array_append_val(inquiry->waiters, waiter);
    return TRUE;
}

void
omen_llm_get_counts(const OmenLlm *self, OmenLlmCounts *counts)
{
    *counts = self->counts;
}
