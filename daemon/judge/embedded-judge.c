/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/embedded-judge.h"

#include "judge/knowledge.h"

#include <string.h>

#define MAX_TEXT  2000
#define MAX_DOUBT 0.45
#define UNKNOWN   0.03
/* Between these it does not know for sure. */
#define SURE_BELOW 0.1
#define SURE_ABOVE 0.85

struct _OmenEmbeddedJudge {
    GObject parent_instance;

    OmenKnowledge *knowledge;
};

static const char *
get_name(OmenJudge *judge G_GNUC_UNUSED)
{
    return "embedded";
}

/* Lower case, runs of white space made one, underscores as the miner leaves them or not: alike. */
static void
normalise(const char *text, char out[MAX_TEXT])
{
    gsize n = 0;

    for (; *text && n < MAX_TEXT - 1; text++) {
        gboolean is_space = g_ascii_isspace(*text);
        if (is_space && (n == 0 || out[n - 1] == ' '))
            continue;
        out[n++] = is_space ? ' ' : g_ascii_tolower(*text);
    }
    out[n] = '\0';
}

static gboolean
matches(const OmenSignature *signature, const char *text, char *device)
{
    for (guint i = 0; i < signature->patterns->len; i++) {
        if (omen_pattern_match(g_ptr_array_index(signature->patterns, i), text, device,
                               OMEN_DEVICE_MAX))
            return TRUE;
    }
    return FALSE;
}

/* The surest one; but one that explains a line away decides. */
static const OmenSignature *
find_signature(const OmenKnowledge *knowledge, const char *text, char *device)
{
    const OmenSignature *best = NULL;

    for (guint i = 0; i < knowledge->signatures->len; i++) {
        const OmenSignature *signature = g_ptr_array_index(knowledge->signatures, i);
        char found[OMEN_DEVICE_MAX];

        if (best && signature->probability >= 0.5 && signature->probability <= best->probability)
            continue;
        if (!matches(signature, text, found))
            continue;
        best = signature;
        memcpy(device, found, sizeof found);
        if (signature->probability < 0.5)
            return signature;
    }
    return best;
}

static double
doubt(const OmenKnowledge *knowledge, const char *text, OmenPriority priority)
{
    double sum = priority <= OMEN_PRIORITY_CRITICAL ? 0.2 : 0.0;

    for (guint i = 0; i < knowledge->suspicions->len; i++) {
        const OmenSuspicion *suspicion = g_ptr_array_index(knowledge->suspicions, i);
        if (strstr(text, suspicion->text))
            sum += suspicion->weight;
    }
    return MIN(UNKNOWN + sum / (1 + sum), MAX_DOUBT);
}

static gboolean
is_block_device(const char *word, gsize length)
{
    static const char *const prefixes[] = {"sd",  "vd", "xvd", "hd",  "nvme",
                                           "dm-", "md", "nbd", "loop"};

    for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        gsize prefix = strlen(prefixes[i]);
        gboolean has_letters = i < 4;
        if (length <= prefix || length > prefix + 8 || strncmp(word, prefixes[i], prefix) != 0)
            continue;
        if (has_letters ? g_ascii_islower(word[prefix]) && length <= prefix + 4
                        : g_ascii_isdigit(word[prefix]))
            return TRUE;
    }
    return FALSE;
}

/* The first word that looks like a block device's name, for signatures that do not say where it is.
 */
static void
scan_device(const char *text, char *device)
{
    while (*text) {
        gsize length = 0;
        while (g_ascii_isalnum(text[length]) || text[length] == '-')
            length++;
        if (is_block_device(text, length)) {
            g_strlcpy(device, text, MIN(length + 1, OMEN_DEVICE_MAX));
            return;
        }
        text += MAX(length, 1);
    }
}

/* What is said of a domain concerns that domain, whatever it is like. */
static OmenScope
limit_scope(OmenScope scope, OmenProvenance provenance)
{
    if (scope == OMEN_SCOPE_NONE || provenance == OMEN_PROVENANCE_HOST)
        return scope == OMEN_SCOPE_DOMAIN || scope == OMEN_SCOPE_GUEST ? OMEN_SCOPE_HOST : scope;
    return provenance == OMEN_PROVENANCE_GUEST ? OMEN_SCOPE_GUEST : OMEN_SCOPE_DOMAIN;
}

static void
judge_line(OmenJudge *judge, const OmenEvidence *evidence, OmenVerdict *verdict)
{
    const OmenKnowledge *knowledge = OMEN_EMBEDDED_JUDGE(judge)->knowledge;
    char text[MAX_TEXT] = "";
    char device[OMEN_DEVICE_MAX] = "";
    const OmenSignature *signature;

    normalise(evidence->message, text);
    signature = find_signature(knowledge, text, device);
    *verdict = (OmenVerdict){.failure_class = OMEN_FAILURE_BENIGN, .scope = OMEN_SCOPE_NONE};
    if (!signature) {
        verdict->probability = doubt(knowledge, text, evidence->priority);
        verdict->sure = verdict->probability < SURE_BELOW;
        verdict->reason = "nothing that is known as a sign of failure";
        return;
    }
    verdict->probability = signature->probability;
    verdict->sure = signature->probability < SURE_BELOW || signature->probability > SURE_ABOVE;
    verdict->reason = signature->reason;
    if (signature->probability < 0.5)
        return;
    verdict->failure_class = signature->failure_class;
    verdict->scope = limit_scope(signature->scope, evidence->provenance);
    verdict->migration_helps = signature->migration_helps;
    verdict->urgency_s = signature->urgency_s;
    g_strlcpy(verdict->device, device, sizeof verdict->device);
    if (verdict->scope == OMEN_SCOPE_DEVICE && *verdict->device == '\0')
        scan_device(text, verdict->device);
}

static void
judge_iface_init(OmenJudgeInterface *iface)
{
    iface->get_name = get_name;
    iface->judge = judge_line;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(OmenEmbeddedJudge,
                              omen_embedded_judge,
                              G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(OMEN_TYPE_JUDGE, judge_iface_init))

static void
omen_embedded_judge_finalize(GObject *object)
{
    omen_knowledge_free(OMEN_EMBEDDED_JUDGE(object)->knowledge);
    G_OBJECT_CLASS(omen_embedded_judge_parent_class)->finalize(object);
}

static void
omen_embedded_judge_class_init(OmenEmbeddedJudgeClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_embedded_judge_finalize;
}

static void
omen_embedded_judge_init(OmenEmbeddedJudge *self G_GNUC_UNUSED)
{
}

OmenJudge *
omen_embedded_judge_new(const char *folder, GError **error)
{
    OmenKnowledge *knowledge = omen_knowledge_load(folder, error);
    OmenEmbeddedJudge *self;

    if (!knowledge)
        return NULL;
    self = g_object_new(OMEN_TYPE_EMBEDDED_JUDGE, NULL);
    self->knowledge = knowledge;
    return OMEN_JUDGE(self);
}
