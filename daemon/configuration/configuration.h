/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon's configuration: /etc/virt-omen/virt-omen.conf, then the files of conf.d beside it by
 * name, each setting what it names and leaving the rest. Key files as GLib reads them.
 *
 * A mistake (an unknown group or key, a value that is none) is an error that names file, line, key
 * and what is allowed: nothing is guessed. The table in configuration.c is the list of all
 * settings; data/config/virt-omen.conf and advanced.conf show each with its default.
 */
#pragma once

#include "etcd/etcd.h"
#include "evacuation/plan/technique.h"
#include "llm/llm-client.h"

#include <gio/gio.h>
#include <virt-omen/detector.h>

G_BEGIN_DECLS

#define OMEN_CONFIGURATION_ERROR (omen_configuration_error_quark())
GQuark omen_configuration_error_quark(void);

typedef enum {
    OMEN_CONFIGURATION_ERROR_UNREADABLE, /* a file can not be read */
    OMEN_CONFIGURATION_ERROR_INVALID,    /* a file says what makes no sense */
} OmenConfigurationError;

typedef enum {
    OMEN_MODE_OBSERVE, /* only records */
    OMEN_MODE_ADVISE,  /* proposes, and waits for an operator */
    OMEN_MODE_ENFORCE, /* acts */
} OmenMode;

const char *omen_mode_to_string(OmenMode mode);
gboolean omen_mode_from_string(const char *word, OmenMode *out);

typedef enum {
    OMEN_SWITCH_NO,
    OMEN_SWITCH_YES,
    OMEN_SWITCH_AUTO,
} OmenSwitch;

/* [destination NAME] */
typedef struct {
    char *name;
    char *uri;         /* of its libvirt, as this host's libvirtd reaches it */
    char *migrate_uri; /* of the data; "": libvirt chooses */
    char *bus;         /* D-Bus address of its system bus; "": its virt-omend is not asked */
    char **labels;
    guint weight;
    guint max_domains; /* 0: no limit */
} OmenDestinationSettings;

/* [guests] */
typedef struct {
    gboolean logs;
    guint lines_a_second;
    guint kib_a_second;
    guint max_templates;
    guint memory_kib;
    guint max_subsequences;
    guint pull_period_s; /* 0: nothing is fetched through the agent */
} OmenGuestSettings;

/* [policy]: what keeps the daemon from acting too soon, or too often */
typedef struct {
    guint certain_percent; /* from this probability on one sign is enough */
    guint lasting_s;       /* less than that must go on for so long */
    guint pause_s;         /* after an evacuation began, for whom it concerns */
    guint domain_budget;   /* evacuations of one domain in a day; 0: no limit */
    guint host_budget;     /* of all together; 0: no limit */
    guint storm_domains;   /* so many alarmed domains, and most of those that run: a storm */
    gboolean ask_in_storm;
    gboolean act_on_unknown; /* a failure of an unknown kind counts like any other */
} OmenLimiterSettings;

/* [fleet]: where many hosts have one cause */
typedef struct {
    guint hosts;     /* from so many on; 0: there is no brake */
    guint percent;   /* and at least of this share of those that could have it */
    guint window_s;  /* within which they were endangered */
    guint release_s; /* it holds for so long after they are no longer */
    guint wait_s;    /* an omen waits so long for others, before it is acted upon */
} OmenBrakeSettings;

typedef struct {
    /* [libvirt] */
    char *libvirt_uri;

    /* [daemon] */
    char *state_dir;
    OmenMode mode;
    guint save_interval_s;
    gboolean lock_memory;

    /* [sources] */
    OmenSwitch journal;
    OmenSwitch kmsg; /* auto: where only files and sockets would tell of the kernel */
    char **files;
    char **trusted_files; /* of these: the administrator vouches for all that is written there */
    char **syslog_sockets;
    OmenSwitch read_files; /* auto: where the journal is not read */
    gboolean pressure;
    char **pressure_groups;

    /* [domains] */
    gboolean qemu_logs;
    char *qemu_log_dir;
    gboolean monitor_events;
    guint domain_training;

    /* [guests] */
    OmenGuestSettings guests;

    /* [heartbeat] */
    guint heartbeat_period_s; /* 0: none */
    guint heartbeat_misses;

    /* [miner], [profile], [detector] */
    OmenDetectorConfig detector;
    GPtrArray *mask_strings; /* what detector.miner.user_masks points into */

    /* [judge] */
    char *judge;
    char *knowledge_dir; /* "": as installed */
    OmenLlmSettings llm; /* llm.url "": none is asked */

    /* [policy] */
    guint omen_lifetime_s;
    gboolean quarantine;
    gboolean quarantine_starts;
    guint max_omens;
    OmenLimiterSettings limiter;
    char **when_stuck;
    char *save_dir;
    guint shutdown_limit_s;
    gboolean bring_back;
    guint bring_back_after_s;

    /* [metrics] */
    char **metrics_listen; /* "tcp:ADDRESS:PORT", "unix:PATH" */

    /* [notify] */
    gboolean notify_journal;
    guint notify_command_timeout_s;
    char *notify_command; /* "": none */
    char *notify_webhook; /* "": none */

    /* [neighbours] */
    char *condition_file; /* "": none */
    OmenSwitch pacemaker; /* auto: where attrd_updater is installed */

    /* [evacuation] */
    guint concurrency;
    guint timeout_s;     /* 0: by the domain's memory */
    guint bandwidth_mib; /* MiB/s a migration; 0: no limit */
    guint memory_reserve_mib;
    guint concurrency_a_destination; /* 0: as many */
    guint link_mib;                  /* MiB/s that all share; 0: not known */
    guint cpu_overcommit;            /* 0: no limit */
    guint max_downtime_ms;
    guint parallel_connections; /* 0: one */
    OmenPostCopy post_copy;
    gboolean tls;
    gboolean compress;
    gboolean copy_disks;
    char *own_uri; /* as destinations reach this host; "": not known */

    /* [fleet] */
    OmenEtcdSettings fleet; /* endpoints[0] NULL: there is none */
    char *fleet_name;       /* "": the host's */
    char **fleet_labels;
    char **fleet_transports;   /* of other hosts' URIs, as their rows give them */
    guint fleet_inbound_limit; /* domains on their way here at once, from all hosts */
    OmenBrakeSettings brake;
    gboolean fleet_accept_drain; /* operators at other hosts may have this one drained */

    GPtrArray *destinations; /* OmenDestinationSettings, in the order of the files */

    /* What files set. "GROUP KEY" -> OmenConfigurationEntry, the last that was read */
    GHashTable *entries;
} OmenConfiguration;

/* A setting as it is in force. */
typedef struct {
    char *group;
    char *key;
    char *value;
    char *file; /* NULL: it is a default */
} OmenConfigurationEntry;

/* The defaults. */
OmenConfiguration *omen_configuration_new(void);
void omen_configuration_free(OmenConfiguration *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenConfiguration, omen_configuration_free)

/*
 * The defaults, changed by the file @path and by the conf.d beside it. Reads files: for the start
 * and for worker threads.
 * @path: NULL: the installed place, which may be missing; a file that is named must be there.
 * Returns: (transfer full): NULL with @error.
 */
OmenConfiguration *omen_configuration_load(const char *path, GError **error);

/* All settings as they are in force, by group and key, those of the engine and of destinations only
 * where a file sets them. (transfer full) (element-type OmenConfigurationEntry). */
GPtrArray *omen_configuration_list(const OmenConfiguration *self);

/* What is learnt of those whose word is not believed is bounded so. */
void omen_guest_settings_limit(const OmenGuestSettings *self, OmenDetectorConfig *config);

G_END_DECLS
