/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "configuration/configuration.h"

#include "configuration/configuration-check.h"
#include "configuration/configuration-files.h"
#include "configuration/setting.h"
#include "configuration/trusted-file.h"
#include "detector/detector-config.h"
#include <virt-omen/settings.h>

#include <string.h>

G_DEFINE_QUARK(omen - configuration - error - quark, omen_configuration_error)

static void entry_free(gpointer data);

static const char *const mode_words[] = {"observe", "advise", "enforce", NULL};
static const char *const protocol_words[] = {"chat", "zero-shot", NULL};
static const char *const post_copy_words[] = {"never", "healthy", "always", NULL};
static const char *const switch_words[] = {"no", "yes", "auto", NULL};

#define MAX_FILE_BYTES (1024 * 1024)

#define AT(field)      G_STRUCT_OFFSET(OmenConfiguration, field)

static const OmenSetting settings[] = {
    {"daemon", "mode", OMEN_SETTING_WORD, AT(mode), 0, 0, mode_words},
    {"daemon", "state_dir", OMEN_SETTING_STRING, AT(state_dir), 0, 0, NULL},
    {"daemon", "save_interval_s", OMEN_SETTING_UINT, AT(save_interval_s), 1, 3600, NULL},
    {"daemon", "lock_memory", OMEN_SETTING_BOOLEAN, AT(lock_memory), 0, 0, NULL},
    {"libvirt", "uri", OMEN_SETTING_STRING, AT(libvirt_uri), 0, 0, NULL},
    {"sources", "journal", OMEN_SETTING_WORD, AT(journal), 0, 0, switch_words},
    {"sources", "kmsg", OMEN_SETTING_WORD, AT(kmsg), 0, 0, switch_words},
    {"sources", "files", OMEN_SETTING_LIST, AT(files), 0, 0, NULL},
    {"sources", "trusted_files", OMEN_SETTING_LIST, AT(trusted_files), 0, 0, NULL},
    {"sources", "read_files", OMEN_SETTING_WORD, AT(read_files), 0, 0, switch_words},
    {"sources", "syslog_sockets", OMEN_SETTING_LIST, AT(syslog_sockets), 0, 0, NULL},
    {"sources", "pressure", OMEN_SETTING_BOOLEAN, AT(pressure), 0, 0, NULL},
    {"sources", "pressure_groups", OMEN_SETTING_LIST, AT(pressure_groups), 0, 0, NULL},
    {"domains", "qemu_logs", OMEN_SETTING_BOOLEAN, AT(qemu_logs), 0, 0, NULL},
    {"domains", "qemu_log_dir", OMEN_SETTING_STRING, AT(qemu_log_dir), 0, 0, NULL},
    {"domains", "monitor_events", OMEN_SETTING_BOOLEAN, AT(monitor_events), 0, 0, NULL},
    {"domains", "training", OMEN_SETTING_UINT, AT(domain_training), 0, 100000, NULL},
    {"guests", "logs", OMEN_SETTING_BOOLEAN, AT(guests.logs), 0, 0, NULL},
    {"guests", "lines_a_second", OMEN_SETTING_UINT, AT(guests.lines_a_second), 1, 100000, NULL},
    {"guests", "kib_a_second", OMEN_SETTING_UINT, AT(guests.kib_a_second), 1, 100000, NULL},
    {"guests", "max_templates", OMEN_SETTING_UINT, AT(guests.max_templates), 16, 1000000, NULL},
    {"guests", "memory_kib", OMEN_SETTING_UINT, AT(guests.memory_kib), 64, 1u << 20, NULL},
    {"guests", "max_subsequences", OMEN_SETTING_UINT, AT(guests.max_subsequences), 16, 1000000,
     NULL},
    {"guests", "pull_period_s", OMEN_SETTING_UINT, AT(guests.pull_period_s), 0, 3600, NULL},
    {"heartbeat", "period_s", OMEN_SETTING_UINT, AT(heartbeat_period_s), 0, 3600, NULL},
    {"heartbeat", "misses", OMEN_SETTING_UINT, AT(heartbeat_misses), 1, 100, NULL},
    {"judge", "name", OMEN_SETTING_STRING, AT(judge), 0, 0, NULL},
    {"judge", "knowledge_dir", OMEN_SETTING_STRING, AT(knowledge_dir), 0, 0, NULL},
    {"judge", "llm_url", OMEN_SETTING_STRING, AT(llm.url), 0, 0, NULL},
    {"judge", "llm_protocol", OMEN_SETTING_WORD, AT(llm.protocol), 0, 0, protocol_words},
    {"judge", "llm_model", OMEN_SETTING_STRING, AT(llm.model), 0, 0, NULL},
    {"judge", "llm_key_file", OMEN_SETTING_STRING, AT(llm.key_file), 0, 0, NULL},
    {"judge", "llm_timeout_s", OMEN_SETTING_UINT, AT(llm.timeout_s), 1, 300, NULL},
    {"judge", "llm_calls_an_hour", OMEN_SETTING_UINT, AT(llm.calls_an_hour), 1, 100000, NULL},
    {"judge", "llm_tokens_an_hour", OMEN_SETTING_UINT, AT(llm.tokens_an_hour), 1000, 1000000000,
     NULL},
    {"judge", "llm_proxy", OMEN_SETTING_STRING, AT(llm.proxy), 0, 0, NULL},
    {"judge", "llm_ca_file", OMEN_SETTING_STRING, AT(llm.ca_file), 0, 0, NULL},
    {"policy", "omen_lifetime_s", OMEN_SETTING_UINT, AT(omen_lifetime_s), 10, 30 * 24 * 3600, NULL},
    {"policy", "quarantine", OMEN_SETTING_BOOLEAN, AT(quarantine), 0, 0, NULL},
    {"policy", "quarantine_starts", OMEN_SETTING_BOOLEAN, AT(quarantine_starts), 0, 0, NULL},
    {"policy", "certain_percent", OMEN_SETTING_UINT, AT(limiter.certain_percent), 0, 101, NULL},
    {"policy", "lasting_s", OMEN_SETTING_UINT, AT(limiter.lasting_s), 0, 3600, NULL},
    {"policy", "pause_s", OMEN_SETTING_UINT, AT(limiter.pause_s), 0, 24 * 3600, NULL},
    {"policy", "domain_budget", OMEN_SETTING_UINT, AT(limiter.domain_budget), 0, 1000, NULL},
    {"policy", "host_budget", OMEN_SETTING_UINT, AT(limiter.host_budget), 0, 100000, NULL},
    {"policy", "storm_domains", OMEN_SETTING_UINT, AT(limiter.storm_domains), 0, 10000, NULL},
    {"policy", "ask_in_storm", OMEN_SETTING_BOOLEAN, AT(limiter.ask_in_storm), 0, 0, NULL},
    {"policy", "act_on_unknown", OMEN_SETTING_BOOLEAN, AT(limiter.act_on_unknown), 0, 0, NULL},
    {"policy", "when_stuck", OMEN_SETTING_LIST, AT(when_stuck), 0, 0, NULL},
    {"policy", "save_dir", OMEN_SETTING_STRING, AT(save_dir), 0, 0, NULL},
    {"policy", "shutdown_limit_s", OMEN_SETTING_UINT, AT(shutdown_limit_s), 1, 3600, NULL},
    {"policy", "bring_back", OMEN_SETTING_BOOLEAN, AT(bring_back), 0, 0, NULL},
    {"policy", "bring_back_after_s", OMEN_SETTING_UINT, AT(bring_back_after_s), 0, 30 * 24 * 3600,
     NULL},
    {"policy", "max_omens", OMEN_SETTING_UINT, AT(max_omens), 10, 100000, NULL},
    {"metrics", "listen", OMEN_SETTING_LIST, AT(metrics_listen), 0, 0, NULL},
    {"notify", "journal", OMEN_SETTING_BOOLEAN, AT(notify_journal), 0, 0, NULL},
    {"notify", "command", OMEN_SETTING_STRING, AT(notify_command), 0, 0, NULL},
    {"notify", "command_timeout_s", OMEN_SETTING_UINT, AT(notify_command_timeout_s), 1, 3600, NULL},
    {"notify", "webhook", OMEN_SETTING_STRING, AT(notify_webhook), 0, 0, NULL},
    {"neighbours", "pacemaker", OMEN_SETTING_WORD, AT(pacemaker), 0, 0, switch_words},
    {"neighbours", "condition_file", OMEN_SETTING_STRING, AT(condition_file), 0, 0, NULL},
    {"evacuation", "concurrency", OMEN_SETTING_UINT, AT(concurrency), 1, 32, NULL},
    {"evacuation", "timeout_s", OMEN_SETTING_UINT, AT(timeout_s), 0, 7 * 24 * 3600, NULL},
    {"evacuation", "bandwidth_mib", OMEN_SETTING_UINT, AT(bandwidth_mib), 0, 1000000, NULL},
    {"evacuation", "memory_reserve_mib", OMEN_SETTING_UINT, AT(memory_reserve_mib), 0, 1u << 30,
     NULL},
    {"evacuation", "concurrency_a_destination", OMEN_SETTING_UINT, AT(concurrency_a_destination), 0,
     32, NULL},
    {"evacuation", "link_mib", OMEN_SETTING_UINT, AT(link_mib), 0, 1000000, NULL},
    {"evacuation", "cpu_overcommit", OMEN_SETTING_UINT, AT(cpu_overcommit), 0, 1000, NULL},
    {"evacuation", "max_downtime_ms", OMEN_SETTING_UINT, AT(max_downtime_ms), 0, 600000, NULL},
    {"evacuation", "parallel_connections", OMEN_SETTING_UINT, AT(parallel_connections), 0, 255,
     NULL},
    {"evacuation", "post_copy", OMEN_SETTING_WORD, AT(post_copy), 0, 0, post_copy_words},
    {"evacuation", "tls", OMEN_SETTING_BOOLEAN, AT(tls), 0, 0, NULL},
    {"evacuation", "compress", OMEN_SETTING_BOOLEAN, AT(compress), 0, 0, NULL},
    {"evacuation", "copy_disks", OMEN_SETTING_BOOLEAN, AT(copy_disks), 0, 0, NULL},
    {"evacuation", "own_uri", OMEN_SETTING_STRING, AT(own_uri), 0, 0, NULL},
    {"fleet", "endpoints", OMEN_SETTING_LIST, AT(fleet.endpoints), 0, 0, NULL},
    {"fleet", "user", OMEN_SETTING_STRING, AT(fleet.user), 0, 0, NULL},
    {"fleet", "password_file", OMEN_SETTING_STRING, AT(fleet.password_file), 0, 0, NULL},
    {"fleet", "ca_file", OMEN_SETTING_STRING, AT(fleet.ca_file), 0, 0, NULL},
    {"fleet", "name", OMEN_SETTING_STRING, AT(fleet_name), 0, 0, NULL},
    {"fleet", "labels", OMEN_SETTING_LIST, AT(fleet_labels), 0, 0, NULL},
    {"fleet", "transports", OMEN_SETTING_LIST, AT(fleet_transports), 0, 0, NULL},
    {"fleet", "brake_hosts", OMEN_SETTING_UINT, AT(brake.hosts), 0, 10000, NULL},
    {"fleet", "brake_percent", OMEN_SETTING_UINT, AT(brake.percent), 0, 100, NULL},
    {"fleet", "brake_window_s", OMEN_SETTING_UINT, AT(brake.window_s), 10, 24 * 3600, NULL},
    {"fleet", "brake_release_s", OMEN_SETTING_UINT, AT(brake.release_s), 0, 24 * 3600, NULL},
    {"fleet", "brake_wait_s", OMEN_SETTING_UINT, AT(brake.wait_s), 0, 300, NULL},
    {"fleet", "inbound_limit", OMEN_SETTING_UINT, AT(fleet_inbound_limit), 1, 1000, NULL},
    {"fleet", "accept_drain", OMEN_SETTING_BOOLEAN, AT(fleet_accept_drain), 0, 0, NULL},
};

#undef AT

const char *
omen_mode_to_string(OmenMode mode)
{
    return mode_words[mode];
}

gboolean
omen_mode_from_string(const char *word, OmenMode *out)
{
    return omen_setting_find_word(mode_words, word, (guint *) out);
}

static void
destination_settings_free(OmenDestinationSettings *self)
{
    g_free(self->name);
    g_free(self->uri);
    g_free(self->migrate_uri);
    g_free(self->bus);
    g_strfreev(self->labels);
    g_free(self);
}

static const OmenLimiterSettings default_limits = {.certain_percent = 90,
                                                   .lasting_s = 30,
                                                   .pause_s = 300,
                                                   .domain_budget = 4,
                                                   .host_budget = 500,
                                                   .storm_domains = 3,
                                                   .ask_in_storm = TRUE};

static const OmenBrakeSettings default_brake = {
    .hosts = 3, .percent = 15, .window_s = 600, .release_s = 300, .wait_s = 6};

static void
init_fleet(OmenConfiguration *self)
{
    omen_etcd_settings_init(&self->fleet);
    self->fleet_name = g_strdup("");
    self->fleet_labels = g_new0(char *, 1);
    self->fleet_transports = g_strsplit("tls;ssh", ";", 0);
    self->brake = default_brake;
    self->fleet_inbound_limit = 2;
}

OmenConfiguration *
omen_configuration_new(void)
{
    OmenConfiguration *self = g_new0(OmenConfiguration, 1);
    const char *const files[] = {"/var/log/syslog", "/var/log/messages", NULL};
    const char *const sockets[] = {"unix-dgram:/run/virt-omen/syslog.sock", NULL};
    const char *const metrics[] = {"tcp:127.0.0.1:9861", NULL};

    self->mode = OMEN_MODE_ADVISE;
    self->state_dir = g_strdup(OMEN_STATEDIR);
    self->save_interval_s = 60;
    self->lock_memory = TRUE;
    self->libvirt_uri = g_strdup("qemu:///system");
    self->journal = OMEN_SWITCH_AUTO;
    self->kmsg = OMEN_SWITCH_AUTO;
    self->files = g_strdupv((char **) files);
    self->trusted_files = g_new0(char *, 1);
    self->read_files = OMEN_SWITCH_AUTO;
    self->syslog_sockets = g_strdupv((char **) sockets);
    self->pressure = TRUE;
    self->pressure_groups = g_new0(char *, 1);
    self->qemu_logs = TRUE;
    self->qemu_log_dir = g_strdup("/var/log/libvirt/qemu");
    self->monitor_events = TRUE;
    self->heartbeat_period_s = 6;
    self->heartbeat_misses = 3;
    self->guests = (OmenGuestSettings){.logs = TRUE,
                                       .lines_a_second = 100,
                                       .kib_a_second = 64,
                                       .max_templates = 1000,
                                       .memory_kib = 1024,
                                       .max_subsequences = 2000,
                                       .pull_period_s = 15};
    self->detector = OMEN_DETECTOR_CONFIG_INIT;
    /* Whoever writes lines must not be able to choose collisions. */
    self->detector.miner.hash_key = (guint64) g_random_int() << 32 | g_random_int();
    self->mask_strings = g_ptr_array_new_with_free_func(g_free);
    self->judge = g_strdup("embedded");
    self->knowledge_dir = g_strdup("");
    omen_llm_settings_init(&self->llm);
    self->omen_lifetime_s = 3600;
    self->quarantine = TRUE;
    self->max_omens = 1000;
    self->metrics_listen = g_strdupv((char **) metrics);
    self->pacemaker = OMEN_SWITCH_AUTO;
    self->condition_file = g_strdup("/run/virt-omen/conditions.json");
    self->notify_journal = TRUE;
    self->notify_command = g_strdup("");
    self->notify_command_timeout_s = 30;
    self->notify_webhook = g_strdup("");
    self->limiter = default_limits;
    self->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    self->concurrency = 2;
    self->memory_reserve_mib = 256;
    self->concurrency_a_destination = 2;
    self->cpu_overcommit = 8;
    self->max_downtime_ms = 2000;
    self->post_copy = OMEN_POST_COPY_HEALTHY;
    self->copy_disks = TRUE;
    self->own_uri = g_strdup("");
    self->bring_back_after_s = 600;
    self->when_stuck = g_new0(char *, 1);
    self->save_dir = g_strdup("");
    self->shutdown_limit_s = 120;
    init_fleet(self);
    self->destinations = g_ptr_array_new_with_free_func((GDestroyNotify) destination_settings_free);
    return self;
}

void
omen_guest_settings_limit(const OmenGuestSettings *self, OmenDetectorConfig *config)
{
    if (config->miner.max_clusters == 0 || config->miner.max_clusters > self->max_templates)
        config->miner.max_clusters = self->max_templates;
    config->miner.max_bytes = MIN(config->miner.max_bytes, (gsize) self->memory_kib * 1024);
    config->profile.max_subsequences =
        MIN(config->profile.max_subsequences, self->max_subsequences);
}

void
omen_configuration_free(OmenConfiguration *self)
{
    g_free(self->state_dir);
    g_free(self->libvirt_uri);
    g_free(self->own_uri);
    g_hash_table_unref(self->entries);
    g_strfreev(self->when_stuck);
    g_free(self->save_dir);
    g_strfreev(self->files);
    g_strfreev(self->trusted_files);
    g_strfreev(self->syslog_sockets);
    g_strfreev(self->pressure_groups);
    g_free(self->qemu_log_dir);
    g_ptr_array_unref(self->mask_strings);
    g_free(self->judge);
    g_free(self->knowledge_dir);
    omen_llm_settings_clear(&self->llm);
    g_strfreev(self->metrics_listen);
    g_free(self->condition_file);
    g_free(self->notify_command);
    g_free(self->notify_webhook);
    omen_etcd_settings_clear(&self->fleet);
    g_free(self->fleet_name);
    g_strfreev(self->fleet_labels);
    g_strfreev(self->fleet_transports);
    g_ptr_array_unref(self->destinations);
    g_free(self);
}

static const OmenSetting *
find_setting(const char *group, const char *key)
{
    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
        if (g_str_equal(settings[i].group, group) && g_str_equal(settings[i].key, key))
            return &settings[i];
    }
    return NULL;
}

/* "a, b, c": the keys of a group. */
static char *
list_keys(const char *group)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
        if (!g_str_equal(settings[i].group, group))
            continue;
        if (out->len > 0)
            g_string_append(out, ", ");
        g_string_append(out, settings[i].key);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static OmenDestinationSettings *
find_destination(OmenConfiguration *self, const char *name)
{
    for (guint i = 0; i < self->destinations->len; i++) {
        OmenDestinationSettings *destination = g_ptr_array_index(self->destinations, i);
        if (g_str_equal(destination->name, name))
            return destination;
    }
    return NULL;
}

static OmenDestinationSettings *
ensure_destination(OmenConfiguration *self, const char *name)
{
    OmenDestinationSettings *destination = find_destination(self, name);

    if (!destination) {
        destination = g_new0(OmenDestinationSettings, 1);
        destination->name = g_strdup(name);
        destination->uri = g_strdup("");
        destination->migrate_uri = g_strdup("");
        destination->bus = g_strdup("");
        destination->labels = g_new0(char *, 1);
        destination->weight = 100;
        g_ptr_array_add(self->destinations, destination);
    }
    return destination;
}

static const OmenSetting destination_settings[] = {
    {"", "uri", OMEN_SETTING_STRING, G_STRUCT_OFFSET(OmenDestinationSettings, uri), 0, 0, NULL},
    {"", "migrate_uri", OMEN_SETTING_STRING, G_STRUCT_OFFSET(OmenDestinationSettings, migrate_uri),
     0, 0, NULL},
    {"", "bus", OMEN_SETTING_STRING, G_STRUCT_OFFSET(OmenDestinationSettings, bus), 0, 0, NULL},
    {"", "labels", OMEN_SETTING_LIST, G_STRUCT_OFFSET(OmenDestinationSettings, labels), 0, 0, NULL},
    {"", "weight", OMEN_SETTING_UINT, G_STRUCT_OFFSET(OmenDestinationSettings, weight), 0, 1000000,
     NULL},
    {"", "max_domains", OMEN_SETTING_UINT, G_STRUCT_OFFSET(OmenDestinationSettings, max_domains), 0,
     1000000, NULL},
};

static gboolean
apply_destination(
    OmenConfiguration *self, const char *name, const char *key, const char *value, GError **error)
{
    OmenDestinationSettings *destination = ensure_destination(self, name);

    for (gsize i = 0; i < G_N_ELEMENTS(destination_settings); i++) {
        if (g_str_equal(destination_settings[i].key, key))
            return omen_setting_apply(&destination_settings[i], destination, value, error);
    }
    g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                "unknown key; [destination NAME] has: uri, migrate_uri, bus, labels, weight, "
                "max_domains");
    return FALSE;
}

static gboolean
apply_entry(
    OmenConfiguration *self, const char *group, const char *key, const char *value, GError **error)
{
    const OmenSetting *setting;

    if (g_str_has_prefix(group, "destination ")) {
        const char *name = group + strlen("destination ");
        return apply_destination(self, name, key, value, error);
    }
    if (omen_detector_config_has_group(group))
        return omen_detector_config_set(&self->detector, self->mask_strings, group, key, value,
                                        error);

    setting = find_setting(group, key);
    if (setting)
        return omen_setting_apply(setting, self, value, error);

    g_autofree char *keys = list_keys(group);
    if (*keys)
        g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                    "unknown key; [%s] has: %s", group, keys);
    else
        g_set_error(
            error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
            "unknown group; there are: [daemon] [libvirt] [sources] [domains] [guests] [heartbeat] "
            "[miner] [profile] [detector] [judge] [policy] [evacuation] [metrics] [notify] "
            "[neighbours] [fleet] [destination NAME]");
    return FALSE;
}

static void
entry_free(gpointer data)
{
    OmenConfigurationEntry *self = data;

    g_free(self->group);
    g_free(self->key);
    g_free(self->value);
    g_free(self->file);
    g_free(self);
}

/* Takes @value. (transfer full) */
static OmenConfigurationEntry *
entry_new(const char *group, const char *key, char *value, const char *file)
{
    OmenConfigurationEntry *self = g_new0(OmenConfigurationEntry, 1);

    self->group = g_strdup(group);
    self->key = g_strdup(key);
    self->value = value;
    self->file = g_strdup(file);
    return self;
}

static int
compare_entries(gconstpointer a, gconstpointer b)
{
    const OmenConfigurationEntry *left = *(const OmenConfigurationEntry *const *) a;
    const OmenConfigurationEntry *right = *(const OmenConfigurationEntry *const *) b;
    int by_group = strcmp(left->group, right->group);

    return by_group != 0 ? by_group : strcmp(left->key, right->key);
}

GPtrArray *
omen_configuration_list(const OmenConfiguration *self)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(entry_free);
    GHashTableIter iter;
    gpointer value;

    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
        g_autofree char *name = g_strconcat(settings[i].group, " ", settings[i].key, NULL);
        const OmenConfigurationEntry *set = g_hash_table_lookup(self->entries, name);
        g_ptr_array_add(list,
                        entry_new(settings[i].group, settings[i].key,
                                  omen_setting_format(&settings[i], self), set ? set->file : NULL));
    }
    g_hash_table_iter_init(&iter, self->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const OmenConfigurationEntry *set = value;
        if (!find_setting(set->group, set->key))
            g_ptr_array_add(list, entry_new(set->group, set->key, g_strdup(set->value), set->file));
    }
    g_ptr_array_sort(list, compare_entries);
    return list;
}

typedef struct {
    OmenConfiguration *configuration;
    const char *path;
} Loading;

static gboolean
take_entry(
    const char *group, const char *key, const char *value, gpointer user_data, GError **error)
{
    Loading *loading = user_data;

    if (!apply_entry(loading->configuration, group, key, value, error))
        return FALSE;
    g_hash_table_replace(loading->configuration->entries, g_strconcat(group, " ", key, NULL),
                         entry_new(group, key, g_strdup(value), loading->path));
    return TRUE;
}

static gboolean
load_file(OmenConfiguration *self, const char *path, gboolean may_be_missing, GError **error)
{
    Loading loading = {self, path};
    g_autoptr(GError) local = NULL;
    g_autofree char *text = NULL;
    gsize length;

    text = omen_trusted_file_read(path, MAX_FILE_BYTES, &length, &local);
    if (!text) {
        if (may_be_missing && g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return TRUE;
        g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_UNREADABLE,
                    "cannot read the configuration: %s", local->message);
        return FALSE;
    }
    if (!omen_settings_parse(text, length, path, take_entry, &loading, &local)) {
        g_set_error_literal(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                            local->message);
        return FALSE;
    }
    return TRUE;
}

OmenConfiguration *
omen_configuration_load(const char *path, GError **error)
{
    g_autoptr(OmenConfiguration) self = omen_configuration_new();
    g_auto(GStrv) files = omen_configuration_files_list(path);

    for (guint i = 0; files[i]; i++) {
        if (!load_file(self, files[i], i == 0 && path == NULL, error))
            return NULL;
    }
    return omen_configuration_check(self, error) ? g_steal_pointer(&self) : NULL;
}
