/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/detection.h"

#include <virt-omen/text.h>

#define LINE_MAX_LENGTH 1024

static void
set_string(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

/* What the line would have been among, were all well. */
static void
describe_normal(OmenDetector *detector, GPtrArray *normal)
{
    guint32 keys[OMEN_PROFILE_MAX_LENGTH];
    guint n = omen_profile_get_nearest(omen_detector_get_profile(detector), keys);

    for (guint i = 0; i < n; i++) {
        char *text = omen_miner_dup_template(omen_detector_get_miner(detector), keys[i]);
        g_ptr_array_add(normal, text ? text : g_strdup(""));
    }
}

static char *
describe_verdict(OmenDetector *detector, const OmenVerdict *verdict)
{
    return g_strdup_printf("%s: %s with probability %.3f%s",
                           omen_judge_get_name(omen_detector_get_judge(detector)),
                           omen_failure_class_to_string(verdict->failure_class),
                           verdict->probability, verdict->sure ? "" : ", not sure");
}

OmenData *
omen_detection_describe(OmenStream *stream,
                        const char *domain_uuid,
                        const char *domain_name,
                        const OmenRecord *record,
                        const OmenDecision *decision)
{
    OmenData *detection = omen_data_new();
    const OmenVerdict *verdict = &decision->verdict;
    g_autofree char *message =
        omen_text_sanitise(record->message, (gssize) record->message_length, LINE_MAX_LENGTH);
    g_autofree char *identifier =
        omen_text_sanitise(record->identifier, (gssize) record->identifier_length, 64);

    detection->time_us = g_get_real_time();
    detection->last_us = detection->time_us;
    set_string(&detection->stream, omen_stream_get_name(stream));
    set_string(&detection->domain_uuid, domain_uuid);
    set_string(&detection->domain_name, domain_name);
    set_string(&detection->device, verdict->device);
    set_string(&detection->reason, verdict->reason);
    detection->origin = record->origin;
    g_free(detection->writer);
    detection->writer = g_strndup(record->writer ? record->writer : "", record->writer_length);
    detection->is_proven = omen_stream_proves(stream, record, verdict);
    detection->scope = verdict->scope;
    detection->failure_class = verdict->failure_class;
    detection->probability = decision->score;
    detection->migration_helps = verdict->migration_helps;
    detection->urgency_s = verdict->urgency_s;
    detection->template_id = decision->template_id;
    g_free(detection->judges);
    detection->judges = describe_verdict(omen_stream_get_detector(stream), verdict);
    describe_normal(omen_stream_get_detector(stream), detection->normal);
    detection->n_records = 1;
    g_ptr_array_add(detection->records, *identifier ? g_strdup_printf("%s: %s", identifier, message)
                                                    : g_strdup(message));
    return detection;
}
