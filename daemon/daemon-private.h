/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the daemon, for the files that implement it. */
#pragma once

#include "bus/bus.h"
#include "daemon.h"
#include "fleet/drain-store.h"
#include "fleet/member.h"
#include "fleet/reservations.h"
#include "metrics/counters.h"
#include "metrics/metrics-server.h"
#include "metrics/openmetrics.h"
#include "notify/health.h"
#include "notify/notifier.h"
#include "response/responder.h"
#include "source/log/hook-listener.h"
#include "state/state-db.h"
#include "watch/llm-review.h"
#include "watch/metered-judge.h"
#include "watch/migration-noise.h"
#include "watch/streams.h"

typedef struct _OmenDaemonBrake OmenDaemonBrake;
typedef struct _OmenDaemonStorage OmenDaemonStorage;

struct _OmenDaemon {
    GObject parent_instance;

    OmenConfiguration *configuration;
    char *configuration_path;
    char *bus_address;
    gboolean is_lost;

    OmenJudge *judge;
    OmenMeteredJudge *metered_judge; /* the same object */
    OmenLlm *llm;                    /* NULL: no language model is asked */
    OmenLlmReview *llm_review;       /* NULL with it */
    OmenWriters *writers;            /* NULL: the streams have them */
    OmenStateDb *state;
    char *state_problem; /* (nullable): why it is only in memory */
    OmenRegistry *omens;
    OmenHypervisor *hypervisor;
    OmenEvacuator *evacuator;
    OmenStreams *streams;
    OmenMigrationNoise *migration_noise;
    OmenResponder *responder;
    OmenHookListener *hook_listener;
    OmenCounters *counters;
    OmenNotifier *notifier;
    OmenHealth *health;
    OmenMetricsServer *metrics;
    char *metrics_problem; /* NULL: they are served */
    OmenBus *bus;
    OmenEtcd *etcd;                /* NULL: there is no fleet */
    OmenFleetMember *fleet_member; /* NULL with it */
    char *fleet_problem;           /* (nullable): why there is none, though it is configured */
    OmenDestinationSight own_sight;
    gint64 own_seen_us; /* monotonic; 0: never */
    guint fleet_source;
    GPtrArray *fleet_hosts;       /* (nullable): OmenFleetHost, as last read; they stay a while */
    gint64 fleet_since_us;        /* monotonic: began to tell others */
    gint64 fleet_read_us;         /* monotonic: when that was */
    gboolean fleet_is_read;       /* a read is under way */
    guint n_fleet_chosen;         /* hosts in it that have a row now */
    OmenDaemonStorage *storage;   /* NULL with it */
    OmenDaemonBrake *fleet_brake; /* NULL: there is none */
    char *fleet_choice;           /* (nullable): what the evacuator was told of them */
    GHashTable *fleet_refused;    /* (nullable): texts that were told of their URIs */
    OmenConfiguration *reloaded;  /* (nullable): the last that was read anew */
    OmenStateContents *contents;  /* of an earlier life, until it is taken up */
    gint64 since_us;              /* what is known began */
    char *boot_id;                /* of this boot, "" where it is not known */

    /* Places at hosts of the fleet; all NULL where there is none. */
    OmenFleetReservations *reservations;
    GHashTable *reserved;  /* host's name -> guint64: MiB that others reserved there */
    GHashTable *incoming;  /* UUIDs of domains that come in */
    gboolean is_reserving; /* the evacuator asks for places */
    char *waiting;         /* (nullable): what status says of domains that wait for one */
    guint waiting_source;

    OmenHostDrain *drain;        /* of this host */
    OmenDrainStore *drain_store; /* NULL: there is no fleet */
    char *drain_kept;            /* (nullable): its JSON that was written last */
    guint drain_source;
    gboolean drain_is_planned; /* a plan for it is being made */
    gint64 drain_asked_us;     /* monotonic: the list of hosts is to be newer than that */
    guint save_source;
    GHashTable *warned; /* destinations whose link can be overheard: it was said */
    guint n_reloads;    /* begun */
    guint applied_reload;
};

/* daemon-controller.c: the interface through which the bus asks. */
void omen_daemon_controller_iface_init(OmenControllerInterface *iface);

/* daemon-configure.c: what follows from the configuration, at the start and when it is read anew.
 */
void omen_daemon_configure_evacuator(OmenDaemon *self, const OmenConfiguration *configuration);
void omen_daemon_configure_notifying(OmenDaemon *self, const OmenConfiguration *configuration);

/* daemon-llm.c: the language model that is asked, if there is one. Its settings hold from the
 * start on. */
void omen_daemon_start_llm(OmenDaemon *self);
void omen_daemon_keep_llm(OmenDaemon *self);
void omen_daemon_add_llm_metrics(OmenDaemon *self, OmenOpenMetrics *page);

/* daemon-fleet.c: this host among others. Its settings hold from the start on. */
void omen_daemon_start_fleet(OmenDaemon *self);
void omen_daemon_stop_fleet(OmenDaemon *self);
/* The list of hosts is to be up to date soon: somebody plans. */
void omen_daemon_refresh_fleet(OmenDaemon *self);
/* (nullable) (transfer full): what an operator should know of it. */
char *omen_daemon_describe_fleet_problem(OmenDaemon *self);
void omen_daemon_fill_fleet_controller(OmenControllerInterface *iface);

/* daemon-storage.c: on which storage of other machines the domains lie, as other hosts name it. */
OmenDaemonStorage *omen_daemon_storage_new(void);
void omen_daemon_storage_free(OmenDaemonStorage *self);
/* Finds it out anew, where it is time. */
void omen_daemon_look_at_storage(OmenDaemon *self);
char **omen_daemon_list_storage(OmenDaemon *self);
/* Which of it the omen is of; OMEN_FLEET_STORAGE_LOCAL: of none; "": not known. Borrowed until the
 * next look. */
const char *omen_daemon_find_storage(OmenDaemon *self, const OmenData *omen);

/* daemon-brake.c: what this host and others have in common, while both are endangered. Its settings
 * hold from the start on. */
typedef void (*OmenDaemonTakeRows)(OmenDaemon *self, GPtrArray *hosts);
/* @take_rows: takes the hosts that were read for a decision, and tells the brake of them. */
void omen_daemon_start_brake(OmenDaemon *self, OmenDaemonTakeRows take_rows);
void omen_daemon_stop_brake(OmenDaemon *self);
/* What others are to know of it. */
void omen_daemon_describe_signs(OmenDaemon *self, OmenFleetHost *host);
/* Time has passed, or @hosts (nullable) were read. */
void omen_daemon_update_brake(OmenDaemon *self, GPtrArray *hosts);
gboolean omen_daemon_is_braked(OmenDaemon *self);
/* (nullable) (transfer full): why nothing moves from here without an operator. */
char *omen_daemon_describe_brake(OmenDaemon *self);

/* daemon-fleet-destinations.c: hosts of the fleet, as they were last read, as destinations. */
const char *omen_daemon_get_fleet_name(OmenDaemon *self);
/* Destinations of the fleet beside those of the files. @destinations: (element-type
 * OmenDestination). */
void omen_daemon_add_fleet_destinations(OmenDaemon *self, GPtrArray *destinations);
/* What was known of another host longer ago than this is worth nothing. */
#define OMEN_DAEMON_FLEET_MAX_AGE_US (15 * G_TIME_SPAN_MINUTE)
/* What the fleet knows speaks against the destination of that name, or else URI. */
gboolean omen_daemon_is_barred(OmenDaemon *self, const char *name, const char *uri);
/* What of the hosts matters to the evacuator: it is configured anew when that has changed.
 * (transfer full). */
char *omen_daemon_describe_fleet_choice(OmenDaemon *self, guint *n_chosen);

/* Notes which of the @hosts' URIs are not used, and why; and tells the journal of those that were
 * last read. */
void omen_daemon_mark_refused_uris(OmenDaemon *self, GPtrArray *hosts);
void omen_daemon_warn_of_refused_uris(OmenDaemon *self);

/* (nullable): borrowed until the list is read anew. */
const OmenFleetHost *omen_daemon_find_fleet_host(OmenDaemon *self,
                                                 const OmenDestination *destination);

/* daemon-reservations.c: places at destinations, for moves of this host, and for what comes here.
 */
void omen_daemon_start_reservations(OmenDaemon *self);
void omen_daemon_stop_reservations(OmenDaemon *self);
/* (nullable) (transfer full): which domains wait for a place, and why. */
char *omen_daemon_describe_waiting(OmenDaemon *self);
/* One is at another point: such a domain may wait, or no longer. */
void omen_daemon_note_evacuation(OmenDaemon *self);
/* The list of hosts was read. */
void omen_daemon_take_reserved(OmenDaemon *self);

/* daemon-drain.c: this host is drained, and filled again, as its record says. */
#define OMEN_DAEMON_DRAIN_SETTING "drain" /* of state.db: JSON */
/* The record has changed: it is written, and others are told. */
void omen_daemon_keep_drain(OmenDaemon *self);
/* The same, and what it waits for is looked at until that is over. */
void omen_daemon_follow_drain(OmenDaemon *self);
/* What moves for it alone is to stay where it is. */
void omen_daemon_cancel_drain_moves(OmenDaemon *self);

/* daemon-drain-orders.c: what is wanted of it. */
/* @kept: (nullable): what an earlier life had written of it. */
void omen_daemon_take_up_drain(OmenDaemon *self, const char *kept);
/* After the fleet was started: what was under way goes on. */
void omen_daemon_start_drain(OmenDaemon *self);
void omen_daemon_stop_drain(OmenDaemon *self);
/* Does what @wish of this host's own operator says. FALSE with @error (OMEN_CONTROLLER_ERROR). */
gboolean omen_daemon_order_drain(OmenDaemon *self, const OmenDrainWish *wish, GError **error);

/* daemon-drain-controller.c: what the bus asks of drains, here and at other hosts. */
/* (transfer full) (nullable): that this host is to be empty, for operators. */
char *omen_daemon_describe_drain(OmenDaemon *self);
void omen_daemon_fill_drain_controller(OmenControllerInterface *iface);

/* daemon-state.c: what is kept over a restart. */
gboolean omen_daemon_open_state(OmenDaemon *self, GError **error);
void omen_daemon_take_up_state(OmenDaemon *self);
typedef enum {
    OMEN_SAVING_ALL,
    OMEN_SAVING_DUE, /* what an operator changed, and the rest where its share of an hour is not
                        used up */
} OmenSaving;

void omen_daemon_save_streams(OmenDaemon *self, OmenSaving saving);
void omen_daemon_keep_stream(OmenDaemon *self, const char *stream_name, GVariant *state);
void omen_daemon_close_state(OmenDaemon *self);
void omen_daemon_keep_evacuation(const OmenEvacuationData *data,
                                 GAsyncReadyCallback callback,
                                 gpointer callback_data,
                                 gpointer user_data);
void omen_daemon_keep_mode(OmenDaemon *self);

/* daemon-metrics.c: what is counted, for whoever scrapes it. After the state was taken up. */
void omen_daemon_start_metrics(OmenDaemon *self);

/* daemon-normal.c: what was learnt. */
GPtrArray *omen_daemon_list_normal(OmenController *controller,
                                   const char *stream_name,
                                   guint limit,
                                   GError **error);
gboolean omen_daemon_forget_normal(OmenController *controller,
                                   const char *stream_name,
                                   const guint32 *templates,
                                   guint n_templates,
                                   GError **error);

GPtrArray *
omen_daemon_list_words(OmenController *controller, const char *stream_name, GError **error);
gboolean omen_daemon_forget_word(OmenController *controller,
                                 const char *stream_name,
                                 guint32 template_id,
                                 GError **error);

/* The values that the omen's lines tell of are known. FALSE with @error: they tell of none, or the
 * stream is not here. */
gboolean omen_daemon_learn_accepted(OmenDaemon *self, const OmenData *omen, GError **error);
GPtrArray *
omen_daemon_list_accepted(OmenController *controller, const char *stream_name, GError **error);
gboolean omen_daemon_forget_accepted(OmenController *controller,
                                     const char *stream_name,
                                     guint32 number,
                                     GError **error);

/* An operator's word on lines of a stream, also of one whose domain is away. */
void omen_daemon_teach(OmenDaemon *self, const char *stream_name, const OmenTemplateWord *word);

/* daemon-plan.c: what an evacuation is asked for, and would do. */
OmenEvacuationRequest
omen_daemon_make_request(OmenDaemon *self, const char *destination, guint64 omen_id);
void omen_daemon_plan_async(OmenController *controller,
                            const char *const *domains,
                            const char *destination,
                            guint within_s,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
GPtrArray *omen_daemon_plan_finish(OmenController *controller,
                                   GAsyncResult *result,
                                   gint64 *deadline_us,
                                   GError **error);
