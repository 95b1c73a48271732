/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the bus may ask of the daemon: the one door from D-Bus to the rest.
 *
 * The bus room checks authority and arguments, then calls these; the daemon implements them. All
 * run on the main context and return at once; what takes time ends by a GTask's callback.
 */
#pragma once

#include "evacuation/evacuation.h"
#include "fleet/drain-wish.h"
#include "fleet/host-row.h"
#include "omen/omen-registry.h"
#include "watch/stream-status.h"

#include <virt-omen/detector.h>

G_BEGIN_DECLS

#define OMEN_CONTROLLER_ERROR (omen_controller_error_quark())
GQuark omen_controller_error_quark(void);

/* Each is org.virtomen1.Error.NAME on the bus. */
typedef enum {
    OMEN_CONTROLLER_ERROR_FAILED,
    OMEN_CONTROLLER_ERROR_NOT_AUTHORIZED,
    OMEN_CONTROLLER_ERROR_NOT_FOUND,
    OMEN_CONTROLLER_ERROR_INVALID,
    OMEN_CONTROLLER_ERROR_BUSY,
    OMEN_CONTROLLER_ERROR_NO_DESTINATION,
    OMEN_CONTROLLER_ERROR_DISCONNECTED, /* from libvirt */
    OMEN_CONTROLLER_N_ERRORS,
} OmenControllerError;

typedef struct {
    char *uuid;
    char *name;
    char *state; /* "running", "paused", "shut off", ... */
    gboolean endangered;
    char *hearing;      /* by which way its guest is heard, and what would improve it */
    GPtrArray *streams; /* OmenStreamStatus */
} OmenDomainStatus;

void omen_domain_status_free(OmenDomainStatus *self);

typedef struct {
    char *name;
    char *uri;
    gboolean reachable;
    char *reason;        /* why not usable now; "" if usable */
    guint64 free_memory; /* bytes */
} OmenDestinationStatus;

void omen_destination_status_free(OmenDestinationStatus *self);

/* A row of a plan. */
typedef struct {
    char *domain_uuid;
    char *domain_name;
    char *destination; /* "" : stays */
    char *technique;   /* "pre-copy", ... */
    double link_mib_s; /* that the plan counts on, for all moves together */
    double start_s;
    double end_s;
    guint downtime_ms;
    char *reason; /* why it stays, "" if it moves */
} OmenPlanRow;

void omen_plan_row_free(OmenPlanRow *self);

/* What an operator said of lines of a kind. */
typedef struct {
    OmenTemplateWord word;
    char *text; /* of the template, "" where forgotten */
} OmenWordRow;

void omen_word_row_free(OmenWordRow *self);

/* A subsequence that is normal. */
typedef struct {
    GArray *templates; /* guint32: numbers */
    char **texts;      /* of these, "" where forgotten */
    guint64 uses;
    gint64 learnt_us; /* 0: in the training */
} OmenNormalRow;

void omen_normal_row_free(OmenNormalRow *self);

#define OMEN_TYPE_CONTROLLER (omen_controller_get_type())
G_DECLARE_INTERFACE(OmenController, omen_controller, OMEN, CONTROLLER, GObject)

/* Signals of an implementation: "status-changed" (host, domains, connection or mode changed; the
 * bus reads anew what it shows), "evacuation-added" (OmenEvacuation). */
struct _OmenControllerInterface {
    GTypeInterface parent;

    const char *(*get_mode)(OmenController *self); /* "observe", "advise", "enforce" */
    gboolean (*set_mode)(OmenController *self, const char *mode, GError **error);
    gint64 (*get_since_us)(OmenController *self);   /* what is known began */
    gboolean (*is_connected)(OmenController *self); /* to libvirt */
    gboolean (*is_host_endangered)(OmenController *self);

    /* What the operator should know now (state not written, a source that does not read), a
     * sentence each; of bounded length. (transfer full) */
    char **(*list_problems)(OmenController *self);

    /* What this host and others have in common, for which nothing moves without approval; "":
     * nothing. Printable. (transfer full) */
    char *(*describe_fleet_brake)(OmenController *self);

    /* (transfer full) (element-type OmenStreamStatus) */
    GPtrArray *(*list_host_streams)(OmenController *self);
    /* (transfer full) (element-type OmenDomainStatus) */
    GPtrArray *(*list_domains)(OmenController *self);
    /* The highest scores of the latest steps, oldest first, of the host (@uuid NULL) or a domain:
     * of seconds, or of longer steps over a day. (transfer full): NULL: no such domain. */
    double *(*list_scores)(
        OmenController *self, const char *uuid, gboolean of_day, guint *n_scores, guint *step_s);
    /* In percent of the time, how long tasks of this host waited for a resource ("memory", "cpu" or
     * "io"): the highest of each step of the last day, oldest first, -1 where nothing was measured.
     * (transfer full): NULL: it is not measured. */
    double *(*list_pressure)(OmenController *self,
                             const char *resource,
                             guint *n_values,
                             guint *step_s);
    /* (transfer full) (element-type OmenDestinationStatus) */
    GPtrArray *(*list_destinations)(OmenController *self);
    /* (transfer full) (element-type OmenEvacuation), by rising number */
    GPtrArray *(*list_evacuations)(OmenController *self);
    /* (transfer none) */
    OmenRegistry *(*get_omens)(OmenController *self);

    /*
     * Moves domains away. @domains: names or UUIDs, empty: all that run. @destination: name, or
     * NULL: whichever fits. Ends at once with (element-type OmenEvacuation) (transfer full),
     * queued.
     */
    GPtrArray *(*evacuate)(OmenController *self,
                           const char *const *domains,
                           const char *destination,
                           guint64 omen_id,
                           GError **error);

    /* Brings domains that left back. @domains: names or UUIDs, empty: all. As evacuate(). */
    GPtrArray *(*bring_back)(OmenController *self, const char *const *domains, GError **error);

    /* What evacuate() would do, or would if it had to be done within @within_s (0: by the omens).
     * (transfer full) (element-type OmenPlanRow) by finish. @deadline_us: by when to be done,
     * microseconds since the epoch; 0: nothing says so. */
    void (*plan_async)(OmenController *self,
                       const char *const *domains,
                       const char *destination,
                       guint within_s,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
    GPtrArray *(*plan_finish)(OmenController *self,
                              GAsyncResult *result,
                              gint64 *deadline_us,
                              GError **error);

    /* All hosts of the fleet. (transfer full) (element-type OmenFleetHost) by finish;
     * OMEN_CONTROLLER_ERROR_NOT_FOUND: no fleet is configured. */
    void (*list_fleet_async)(OmenController *self,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
    GPtrArray *(*list_fleet_finish)(OmenController *self, GAsyncResult *result, GError **error);
    /* Whether the host of that name takes domains; also one that is not there now. */
    void (*set_maintenance_async)(OmenController *self,
                                  const char *host,
                                  gboolean on,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
    gboolean (*set_maintenance_finish)(OmenController *self, GAsyncResult *result, GError **error);

    /* What an operator wants of a host's drain, this host's or another's. @timeout_s: 0: the usual.
     * (transfer full) by finish: by which name its answer is known (OmenHostDrain.wish);
     * OMEN_CONTROLLER_ERROR_NOT_FOUND: no such host is in the fleet, or there is none. */
    void (*order_drain_async)(OmenController *self,
                              const char *host,
                              OmenDrainOrder order,
                              guint timeout_s,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
    char *(*order_drain_finish)(OmenController *self, GAsyncResult *result, GError **error);
    /* How far it is. (transfer full) by finish. */
    void (*get_drain_async)(OmenController *self,
                            const char *host,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
    OmenHostDrain *(*get_drain_finish)(OmenController *self, GAsyncResult *result, GError **error);

    gboolean (*cancel)(OmenController *self, guint64 evacuation_id, GError **error);

    /* An omen's proposal is approved; it is a false alarm; it is over. */
    gboolean (*approve)(OmenController *self, guint64 omen_id, GError **error);
    gboolean (*dismiss)(OmenController *self, guint64 omen_id, GError **error);
    /* It was real: lines like its lines are omens from now on, whatever a judge says. */
    gboolean (*confirm)(OmenController *self, guint64 omen_id, GError **error);
    gboolean (*clear)(OmenController *self, guint64 omen_id, GError **error);
    /* The values that its lines tell of are known, as bad as they are: it is over, and comes again
     * when one is worse. */
    gboolean (*accept)(OmenController *self, guint64 omen_id, GError **error);

    /* Reads the configuration anew; OMEN_CONTROLLER_ERROR_INVALID where there is a mistake in it.
     */
    void (*reload_async)(OmenController *self, GAsyncReadyCallback callback, gpointer user_data);
    gboolean (*reload_finish)(OmenController *self, GAsyncResult *result, GError **error);

    /* What is normal in a stream ("host", "domain:UUID"), most used first, at most @limit rows.
     * (transfer full) (element-type OmenNormalRow). */
    GPtrArray *(*list_normal)(OmenController *self,
                              const char *stream,
                              guint limit,
                              GError **error);
    /* A subsequence is no longer normal. */
    gboolean (*forget_normal)(OmenController *self,
                              const char *stream,
                              const guint32 *templates,
                              guint n_templates,
                              GError **error);

    /* What operators said of lines of a stream. (transfer full) (element-type OmenWordRow). */
    GPtrArray *(*list_words)(OmenController *self, const char *stream, GError **error);
    /* Takes such a word back. */
    gboolean (*forget_word)(OmenController *self,
                            const char *stream,
                            guint32 template_id,
                            GError **error);

    /* Values that operators took as known. (transfer container) (element-type OmenAcceptedValue),
     * valid until the main loop goes on. */
    GPtrArray *(*list_accepted)(OmenController *self, const char *stream, GError **error);
    /* One of them is no longer known. */
    gboolean (*forget_accepted)(OmenController *self,
                                const char *stream,
                                guint32 number,
                                GError **error);
};

/* Each of the above has a function that calls it. */
const char *omen_controller_get_mode(OmenController *self);
gboolean omen_controller_set_mode(OmenController *self, const char *mode, GError **error);
gint64 omen_controller_get_since_us(OmenController *self);
gboolean omen_controller_is_connected(OmenController *self);
gboolean omen_controller_is_host_endangered(OmenController *self);
char **omen_controller_list_problems(OmenController *self);
char *omen_controller_describe_fleet_brake(OmenController *self);
GPtrArray *omen_controller_list_host_streams(OmenController *self);
GPtrArray *omen_controller_list_domains(OmenController *self);
double *omen_controller_list_scores(
    OmenController *self, const char *uuid, gboolean of_day, guint *n_scores, guint *step_s);
double *omen_controller_list_pressure(OmenController *self,
                                      const char *resource,
                                      guint *n_values,
                                      guint *step_s);
GPtrArray *omen_controller_list_destinations(OmenController *self);
GPtrArray *omen_controller_list_evacuations(OmenController *self);
OmenRegistry *omen_controller_get_omens(OmenController *self);
GPtrArray *omen_controller_evacuate(OmenController *self,
                                    const char *const *domains,
                                    const char *destination,
                                    guint64 omen_id,
                                    GError **error);
GPtrArray *
omen_controller_bring_back(OmenController *self, const char *const *domains, GError **error);
void omen_controller_plan_async(OmenController *self,
                                const char *const *domains,
                                const char *destination,
                                guint within_s,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
GPtrArray *omen_controller_plan_finish(OmenController *self,
                                       GAsyncResult *result,
                                       gint64 *deadline_us,
                                       GError **error);
void omen_controller_list_fleet_async(OmenController *self,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
GPtrArray *
omen_controller_list_fleet_finish(OmenController *self, GAsyncResult *result, GError **error);
void omen_controller_set_maintenance_async(OmenController *self,
                                           const char *host,
                                           gboolean on,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
gboolean
omen_controller_set_maintenance_finish(OmenController *self, GAsyncResult *result, GError **error);
void omen_controller_order_drain_async(OmenController *self,
                                       const char *host,
                                       OmenDrainOrder order,
                                       guint timeout_s,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
char *
omen_controller_order_drain_finish(OmenController *self, GAsyncResult *result, GError **error);
void omen_controller_get_drain_async(OmenController *self,
                                     const char *host,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
OmenHostDrain *
omen_controller_get_drain_finish(OmenController *self, GAsyncResult *result, GError **error);
gboolean omen_controller_cancel(OmenController *self, guint64 evacuation_id, GError **error);
gboolean omen_controller_approve(OmenController *self, guint64 omen_id, GError **error);
gboolean omen_controller_confirm(OmenController *self, guint64 omen_id, GError **error);
gboolean omen_controller_dismiss(OmenController *self, guint64 omen_id, GError **error);
gboolean omen_controller_clear(OmenController *self, guint64 omen_id, GError **error);
gboolean omen_controller_accept(OmenController *self, guint64 omen_id, GError **error);
void omen_controller_reload_async(OmenController *self,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean omen_controller_reload_finish(OmenController *self, GAsyncResult *result, GError **error);
GPtrArray *
omen_controller_list_normal(OmenController *self, const char *stream, guint limit, GError **error);
gboolean omen_controller_forget_normal(OmenController *self,
                                       const char *stream,
                                       const guint32 *templates,
                                       guint n_templates,
                                       GError **error);

GPtrArray *omen_controller_list_words(OmenController *self, const char *stream, GError **error);
gboolean omen_controller_forget_word(OmenController *self,
                                     const char *stream,
                                     guint32 template_id,
                                     GError **error);
GPtrArray *omen_controller_list_accepted(OmenController *self, const char *stream, GError **error);
gboolean omen_controller_forget_accepted(OmenController *self,
                                         const char *stream,
                                         guint32 number,
                                         GError **error);

/* For implementations: emit the signals above. */
void omen_controller_emit_status_changed(OmenController *self);
void omen_controller_emit_evacuation_added(OmenController *self, OmenEvacuation *evacuation);

G_END_DECLS
