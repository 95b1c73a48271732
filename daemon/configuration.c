/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "configuration.h"

#include "detector/detector-config.h"
#include "evacuation/ladder.h"
#include <virt-omen/settings.h>

#include <string.h>

G_DEFINE_QUARK(omen - configuration - error - quark, omen_configuration_error)

typedef enum {
    TYPE_STRING,
    TYPE_LIST, /* of strings, parted by semicolons */
    TYPE_UINT,
    TYPE_BOOLEAN,
    TYPE_SWITCH,
    TYPE_MODE,
    TYPE_POST_COPY,
    TYPE_PROTOCOL,
} SettingType;

/* One setting: where it stands in a file, what it may be, and where it goes. */
typedef struct {
    const char *group;
    const char *key;
    SettingType type;
    gsize offset;
    guint minimum;
    guint maximum;
} Setting;

#define AT(field) G_STRUCT_OFFSET(OmenConfiguration, field)

static const Setting settings[] = {
    {"daemon", "mode", TYPE_MODE, AT(mode), 0, 0},
    {"daemon", "state_dir", TYPE_STRING, AT(state_dir), 0, 0},
    {"daemon", "save_interval_s", TYPE_UINT, AT(save_interval_s), 1, 3600},
    {"daemon", "lock_memory", TYPE_BOOLEAN, AT(lock_memory), 0, 0},
    {"libvirt", "uri", TYPE_STRING, AT(libvirt_uri), 0, 0},
    {"sources", "journal", TYPE_SWITCH, AT(journal), 0, 0},
    {"sources", "kmsg", TYPE_SWITCH, AT(kmsg), 0, 0},
    {"sources", "files", TYPE_LIST, AT(files), 0, 0},
    {"sources", "read_files", TYPE_SWITCH, AT(read_files), 0, 0},
    {"sources", "syslog_sockets", TYPE_LIST, AT(syslog_sockets), 0, 0},
    {"sources", "pressure", TYPE_BOOLEAN, AT(pressure), 0, 0},
    {"sources", "pressure_groups", TYPE_LIST, AT(pressure_groups), 0, 0},
    {"domains", "qemu_logs", TYPE_BOOLEAN, AT(qemu_logs), 0, 0},
    {"domains", "qemu_log_dir", TYPE_STRING, AT(qemu_log_dir), 0, 0},
    {"domains", "monitor_events", TYPE_BOOLEAN, AT(monitor_events), 0, 0},
    {"domains", "training", TYPE_UINT, AT(domain_training), 0, 100000},
    {"guests", "logs", TYPE_BOOLEAN, AT(guests.logs), 0, 0},
    {"guests", "lines_a_second", TYPE_UINT, AT(guests.lines_a_second), 1, 100000},
    {"guests", "kib_a_second", TYPE_UINT, AT(guests.kib_a_second), 1, 100000},
    {"guests", "max_templates", TYPE_UINT, AT(guests.max_templates), 16, 1000000},
    {"guests", "memory_kib", TYPE_UINT, AT(guests.memory_kib), 64, 1u << 20},
    {"guests", "max_subsequences", TYPE_UINT, AT(guests.max_subsequences), 16, 1000000},
    {"guests", "pull_period_s", TYPE_UINT, AT(guests.pull_period_s), 0, 3600},
    {"heartbeat", "period_s", TYPE_UINT, AT(heartbeat_period_s), 0, 3600},
    {"heartbeat", "misses", TYPE_UINT, AT(heartbeat_misses), 1, 100},
    {"judge", "name", TYPE_STRING, AT(judge), 0, 0},
    {"judge", "knowledge_dir", TYPE_STRING, AT(knowledge_dir), 0, 0},
    {"judge", "llm_url", TYPE_STRING, AT(llm.url), 0, 0},
    {"judge", "llm_protocol", TYPE_PROTOCOL, AT(llm.protocol), 0, 0},
    {"judge", "llm_model", TYPE_STRING, AT(llm.model), 0, 0},
    {"judge", "llm_key_file", TYPE_STRING, AT(llm.key_file), 0, 0},
    {"judge", "llm_timeout_s", TYPE_UINT, AT(llm.timeout_s), 1, 300},
    {"judge", "llm_calls_an_hour", TYPE_UINT, AT(llm.calls_an_hour), 1, 100000},
    {"judge", "llm_tokens_an_hour", TYPE_UINT, AT(llm.tokens_an_hour), 1000, 1000000000},
    {"judge", "llm_proxy", TYPE_STRING, AT(llm.proxy), 0, 0},
    {"judge", "llm_ca_file", TYPE_STRING, AT(llm.ca_file), 0, 0},
    {"policy", "omen_lifetime_s", TYPE_UINT, AT(omen_lifetime_s), 10, 30 * 24 * 3600},
    {"policy", "quarantine", TYPE_BOOLEAN, AT(quarantine), 0, 0},
    {"policy", "quarantine_starts", TYPE_BOOLEAN, AT(quarantine_starts), 0, 0},
    {"policy", "certain_percent", TYPE_UINT, AT(restraint.certain_percent), 0, 101},
    {"policy", "lasting_s", TYPE_UINT, AT(restraint.lasting_s), 0, 3600},
    {"policy", "pause_s", TYPE_UINT, AT(restraint.pause_s), 0, 24 * 3600},
    {"policy", "domain_budget", TYPE_UINT, AT(restraint.domain_budget), 0, 1000},
    {"policy", "host_budget", TYPE_UINT, AT(restraint.host_budget), 0, 100000},
    {"policy", "storm_domains", TYPE_UINT, AT(restraint.storm_domains), 0, 10000},
    {"policy", "ask_in_storm", TYPE_BOOLEAN, AT(restraint.ask_in_storm), 0, 0},
    {"policy", "when_stuck", TYPE_LIST, AT(when_stuck), 0, 0},
    {"policy", "save_dir", TYPE_STRING, AT(save_dir), 0, 0},
    {"policy", "shutdown_limit_s", TYPE_UINT, AT(shutdown_limit_s), 1, 3600},
    {"policy", "bring_back", TYPE_BOOLEAN, AT(bring_back), 0, 0},
    {"policy", "bring_back_after_s", TYPE_UINT, AT(bring_back_after_s), 0, 30 * 24 * 3600},
    {"policy", "max_omens", TYPE_UINT, AT(max_omens), 10, 100000},
    {"metrics", "listen", TYPE_LIST, AT(metrics_listen), 0, 0},
    {"notify", "journal", TYPE_BOOLEAN, AT(notify_journal), 0, 0},
    {"notify", "command", TYPE_STRING, AT(notify_command), 0, 0},
    {"notify", "command_timeout_s", TYPE_UINT, AT(notify_command_timeout_s), 1, 3600},
    {"notify", "webhook", TYPE_STRING, AT(notify_webhook), 0, 0},
    {"neighbours", "pacemaker", TYPE_SWITCH, AT(pacemaker), 0, 0},
    {"neighbours", "condition_file", TYPE_STRING, AT(condition_file), 0, 0},
    {"evacuation", "concurrency", TYPE_UINT, AT(concurrency), 1, 32},
    {"evacuation", "timeout_s", TYPE_UINT, AT(timeout_s), 0, 7 * 24 * 3600},
    {"evacuation", "bandwidth_mib", TYPE_UINT, AT(bandwidth_mib), 0, 1000000},
    {"evacuation", "memory_reserve_mib", TYPE_UINT, AT(memory_reserve_mib), 0, 1u << 30},
    {"evacuation", "concurrency_a_destination", TYPE_UINT, AT(concurrency_a_destination), 0, 32},
    {"evacuation", "link_mib", TYPE_UINT, AT(link_mib), 0, 1000000},
    {"evacuation", "cpu_overcommit", TYPE_UINT, AT(cpu_overcommit), 0, 1000},
    {"evacuation", "max_downtime_ms", TYPE_UINT, AT(max_downtime_ms), 0, 600000},
    {"evacuation", "parallel_connections", TYPE_UINT, AT(parallel_connections), 0, 255},
    {"evacuation", "post_copy", TYPE_POST_COPY, AT(post_copy), 0, 0},
    {"evacuation", "tls", TYPE_BOOLEAN, AT(tls), 0, 0},
    {"evacuation", "compress", TYPE_BOOLEAN, AT(compress), 0, 0},
    {"evacuation", "copy_disks", TYPE_BOOLEAN, AT(copy_disks), 0, 0},
    {"evacuation", "own_uri", TYPE_STRING, AT(own_uri), 0, 0},
};

#undef AT

static const char *const mode_words[] = {"observe", "advise", "enforce", NULL};
static const char *const protocol_words[] = {"chat", "zero-shot", NULL};
static const char *const post_copy_words[] = {"never", "healthy", "always", NULL};
static const char *const switch_words[] = {"no", "yes", "auto", NULL};

const char *
omen_mode_to_string(OmenMode mode)
{
    return mode_words[mode];
}

static gboolean
index_of_word(const char *const *words, const char *word, guint *out)
{
    for (guint i = 0; words[i]; i++) {
        if (g_str_equal(words[i], word)) {
            *out = i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
omen_mode_from_string(const char *word, OmenMode *out)
{
    guint i;

    if (!index_of_word(mode_words, word, &i))
        return FALSE;
    *out = (OmenMode) i;
    return TRUE;
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
    self->kmsg = OMEN_SWITCH_NO;
    self->files = g_strdupv((char **) files);
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
    omen_counsel_settings_init(&self->llm);
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
    self->restraint = (OmenRestraintLimits){.certain_percent = 90,
                                            .lasting_s = 30,
                                            .pause_s = 300,
                                            .domain_budget = 4,
                                            .host_budget = 500,
                                            .storm_domains = 3,
                                            .ask_in_storm = TRUE};
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
    self->destinations = g_ptr_array_new_with_free_func((GDestroyNotify) destination_settings_free);
    return self;
}

void
omen_configuration_free(OmenConfiguration *self)
{
    g_free(self->state_dir);
    g_free(self->libvirt_uri);
    g_free(self->own_uri);
    g_strfreev(self->when_stuck);
    g_free(self->save_dir);
    g_strfreev(self->files);
    g_strfreev(self->syslog_sockets);
    g_strfreev(self->pressure_groups);
    g_free(self->qemu_log_dir);
    g_ptr_array_unref(self->mask_strings);
    g_free(self->judge);
    g_free(self->knowledge_dir);
    omen_counsel_settings_clear(&self->llm);
    g_strfreev(self->metrics_listen);
    g_free(self->condition_file);
    g_free(self->notify_command);
    g_free(self->notify_webhook);
    g_ptr_array_unref(self->destinations);
    g_free(self);
}

static const Setting *
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

static gboolean
apply_uint(const Setting *setting, const char *value, guint *field, GError **error)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(value, 10, setting->minimum, setting->maximum, &number, NULL)) {
        g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                    "\"%s\" is no whole number from %u to %u", value, setting->minimum,
                    setting->maximum);
        return FALSE;
    }
    *field = (guint) number;
    return TRUE;
}

static gboolean
apply_word(const char *const *words, const char *value, guint *field, GError **error)
{
    if (index_of_word(words, value, field))
        return TRUE;

    g_autofree char *allowed = g_strjoinv(", ", (char **) words);
    g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                "\"%s\" is not allowed here; allowed are: %s", value, allowed);
    return FALSE;
}

static gboolean
apply_boolean(const char *value, gboolean *field, GError **error)
{
    const char *const words[] = {"no", "yes", "false", "true", NULL};
    guint i;

    if (!apply_word(words, value, &i, error))
        return FALSE;
    *field = i % 2 == 1;
    return TRUE;
}

static char **
split_list(const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ";", -1);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (guint i = 0; parts[i]; i++) {
        if (*g_strstrip(parts[i]))
            g_strv_builder_add(builder, parts[i]);
    }
    return g_strv_builder_end(builder);
}

static gboolean
apply_setting(gpointer into, const Setting *setting, const char *value, GError **error)
{
    gpointer field = G_STRUCT_MEMBER_P(into, setting->offset);

    switch (setting->type) {
    case TYPE_STRING:
        g_free(*(char **) field);
        *(char **) field = g_strdup(value);
        return TRUE;
    case TYPE_LIST:
        g_strfreev(*(char ***) field);
        *(char ***) field = split_list(value);
        return TRUE;
    case TYPE_UINT:
        return apply_uint(setting, value, field, error);
    case TYPE_BOOLEAN:
        return apply_boolean(value, field, error);
    /* An enumeration without negative values is a guint. */
    case TYPE_SWITCH:
        return apply_word(switch_words, value, field, error);
    case TYPE_MODE:
        return apply_word(mode_words, value, field, error);
    case TYPE_PROTOCOL:
        return apply_word(protocol_words, value, field, error);
    case TYPE_POST_COPY:
        return apply_word(post_copy_words, value, field, error);
    default:
        g_return_val_if_reached(FALSE);
    }
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

static const Setting destination_settings[] = {
    {"", "uri", TYPE_STRING, G_STRUCT_OFFSET(OmenDestinationSettings, uri), 0, 0},
    {"", "migrate_uri", TYPE_STRING, G_STRUCT_OFFSET(OmenDestinationSettings, migrate_uri), 0, 0},
    {"", "bus", TYPE_STRING, G_STRUCT_OFFSET(OmenDestinationSettings, bus), 0, 0},
    {"", "labels", TYPE_LIST, G_STRUCT_OFFSET(OmenDestinationSettings, labels), 0, 0},
    {"", "weight", TYPE_UINT, G_STRUCT_OFFSET(OmenDestinationSettings, weight), 0, 1000000},
    {"", "max_domains", TYPE_UINT, G_STRUCT_OFFSET(OmenDestinationSettings, max_domains), 0,
     1000000},
};

static gboolean
apply_destination(
    OmenConfiguration *self, const char *name, const char *key, const char *value, GError **error)
{
    OmenDestinationSettings *destination = ensure_destination(self, name);

    for (gsize i = 0; i < G_N_ELEMENTS(destination_settings); i++) {
        if (g_str_equal(destination_settings[i].key, key))
            return apply_setting(destination, &destination_settings[i], value, error);
    }
    g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                "unknown key; [destination NAME] has: uri, migrate_uri, bus, labels, weight, "
                "max_domains");
    return FALSE;
}

static gboolean
apply_entry(
    const char *group, const char *key, const char *value, gpointer user_data, GError **error)
{
    OmenConfiguration *self = user_data;
    const Setting *setting;

    if (g_str_has_prefix(group, "destination ")) {
        const char *name = group + strlen("destination ");
        return apply_destination(self, name, key, value, error);
    }
    if (omen_detector_config_has_group(group))
        return omen_detector_config_set(&self->detector, self->mask_strings, group, key, value,
                                        error);

    setting = find_setting(group, key);
    if (setting)
        return apply_setting(self, setting, value, error);

    g_autofree char *keys = list_keys(group);
    if (*keys)
        g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                    "unknown key; [%s] has: %s", group, keys);
    else
        g_set_error(
            error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
            "unknown group; there are: [daemon] [libvirt] [sources] [domains] [guests] [heartbeat] "
            "[miner] [profile] [detector] [judge] [policy] [evacuation] [metrics] [notify] "
            "[neighbours] [destination NAME]");
    return FALSE;
}

static gboolean
load_file(OmenConfiguration *self, const char *path, gboolean may_be_missing, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *text = NULL;
    gsize length;

    if (!g_file_get_contents(path, &text, &length, &local)) {
        if (may_be_missing && g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return TRUE;
        g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_UNREADABLE,
                    "cannot read the configuration: %s", local->message);
        return FALSE;
    }
    if (!omen_settings_parse(text, length, path, apply_entry, self, &local)) {
        g_set_error_literal(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                            local->message);
        return FALSE;
    }
    return TRUE;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static gboolean
load_drop_ins(OmenConfiguration *self, const char *directory, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    if (!dir)
        return TRUE;
    while ((name = g_dir_read_name(dir))) {
        if (g_str_has_suffix(name, ".conf") && *name != '.')
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, compare_names);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(directory, g_ptr_array_index(names, i), NULL);
        if (!load_file(self, path, FALSE, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
check_whole(OmenConfiguration *self, GError **error)
{
    g_autoptr(GError) local = NULL;
    OmenLadderSteps steps;

    if (!omen_ladder_parse(self->when_stuck, &steps, &local)) {
        g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                    "[policy] when_stuck: %s", local->message);
        return FALSE;
    }
    for (guint i = 0; i < self->destinations->len; i++) {
        OmenDestinationSettings *destination = g_ptr_array_index(self->destinations, i);
        if (*destination->uri)
            continue;
        g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                    "[destination %s] has no uri; say for example uri=qemu+tls://%s/system",
                    destination->name, destination->name);
        return FALSE;
    }
    return TRUE;
}

OmenConfiguration *
omen_configuration_load(const char *path, GError **error)
{
    g_autoptr(OmenConfiguration) self = omen_configuration_new();
    const char *main_file = path ? path : OMEN_SYSCONFDIR "/virt-omen/virt-omen.conf";
    g_autofree char *directory = g_path_get_dirname(main_file);
    g_autofree char *drop_ins = g_build_filename(directory, "conf.d", NULL);

    if (!load_file(self, main_file, path == NULL, error))
        return NULL;
    if (!load_drop_ins(self, drop_ins, error))
        return NULL;
    if (!check_whole(self, error))
        return NULL;
    return g_steal_pointer(&self);
}
