/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "omen/cause.h"
#include "omen/host-health.h"
#include "omen/omen-registry.h"

#include <string.h>

static OmenData *
new_detection(const char *stream, OmenScope scope, const char *device, gint64 time_us)
{
    OmenData *detection = omen_data_new();

    g_free(detection->stream);
    detection->stream = g_strdup(stream);
    g_free(detection->device);
    detection->device = g_strdup(device);
    detection->scope = scope;
    detection->is_proven = TRUE;
    detection->failure_class = OMEN_FAILURE_DISK;
    detection->time_us = time_us;
    detection->expires_us = time_us + 100;
    detection->probability = 0.8;
    g_ptr_array_add(detection->records, g_strdup("a line"));
    return detection;
}

static void
set_domain(OmenData *detection, const char *uuid)
{
    g_free(detection->domain_uuid);
    detection->domain_uuid = g_strdup(uuid);
}

static void
count(OmenRegistry *registry, Omen *omen, guint *counter)
{
    (*counter)++;
}

static void
count_merged(OmenRegistry *registry, Omen *older, Omen *part, guint *counter)
{
    g_assert_cmpuint(omen_get_data(part)->part_of, ==, omen_get_data(older)->id);
    (*counter)++;
}

static void
test_actions(void)
{
    for (guint i = 0; i < OMEN_N_ACTIONS; i++) {
        OmenAction back = OMEN_N_ACTIONS;
        g_assert_true(omen_action_from_string(omen_action_to_string((OmenAction) i), &back));
        g_assert_cmpuint(back, ==, i);
    }
    OmenAction left = OMEN_ACTION_FINISHED;
    g_assert_false(omen_action_from_string("no such", &left));
    g_assert_false(omen_action_from_string(NULL, &left));
    g_assert_cmpuint(left, ==, OMEN_ACTION_FINISHED);
}

static void
test_text_is_clean(void)
{
    OmenData *data = new_detection("host", OMEN_SCOPE_HOST, "sd\033[2Jb", 1);
    g_ptr_array_add(data->records, g_strdup("\xff\n"));
    for (guint i = 0; i < 40; i++)
        g_ptr_array_add(data->records, g_strnfill(5000, 'x'));
    g_autoptr(Omen) omen = omen_new(data);

    const OmenData *got = omen_get_data(omen);
    g_assert_cmpstr(got->device, ==, "sd\\x1b[2Jb");
    g_assert_cmpstr(g_ptr_array_index(got->records, 1), ==, "\xef\xbf\xbd\\x0a");
    g_assert_cmpuint(strlen(g_ptr_array_index(got->records, 2)), ==, OMEN_MAX_TEXT);
    g_assert_cmpuint(got->records->len, ==, OMEN_MAX_RECORDS);
    g_assert_cmpuint(got->n_records, ==, 42);

    omen_set_outcome(omen, "a\tb");
    g_assert_cmpstr(got->outcome, ==, "a\\x09b");
}

static void
set_text(char **field, const char *text)
{
    g_free(*field);
    *field = g_strdup(text);
}

/* A sign of its own kind: what is led by it is seen by its reason. */
static OmenData *
new_kind(const char *stream, OmenScope scope, OmenFailureClass kind, double probability, gint64 s)
{
    OmenData *detection = new_detection(stream, scope, "", s * G_USEC_PER_SEC);

    detection->failure_class = kind;
    detection->probability = probability;
    detection->expires_us = (s + 3600) * G_USEC_PER_SEC;
    detection->template_id = kind;
    detection->migration_helps = TRUE;
    set_text(&detection->reason, omen_failure_class_to_string(kind));
    set_text(&detection->judges, omen_failure_class_to_string(kind));
    if (scope == OMEN_SCOPE_DOMAIN)
        set_domain(detection, "u1");
    return detection;
}

static guint
count_omens(OmenRegistry *registry)
{
    g_autoptr(GPtrArray) list = omen_registry_list(registry);

    return list->len;
}

/* Memory that runs out, as a real host told it, in any order. */
static void
test_one_cause(void)
{
    static const struct {
        const char *stream;
        OmenScope scope;
        OmenFailureClass kind;
        double probability;
    } told[] = {
        {"host", OMEN_SCOPE_HOST, OMEN_FAILURE_OOM, 0.9},
        {"host", OMEN_SCOPE_HOST, OMEN_FAILURE_CPU_LOCKUP, 0.55},
        {"host", OMEN_SCOPE_HOST, OMEN_FAILURE_OOM, 0.93},
        {"domain:u1", OMEN_SCOPE_DOMAIN, OMEN_FAILURE_QEMU, 0.97},
        {"host", OMEN_SCOPE_HOST, OMEN_FAILURE_LIBVIRT, 0.95},
        {"host", OMEN_SCOPE_HOST, OMEN_FAILURE_HUNG_TASK, 0.8},
    };

    for (guint first = 0; first < G_N_ELEMENTS(told); first++) {
        g_autoptr(OmenRegistry) registry = omen_registry_new(10);
        guint merged = 0;
        g_signal_connect(registry, "merged", G_CALLBACK(count_merged), &merged);
        for (guint i = 0; i < G_N_ELEMENTS(told); i++) {
            guint n = (first + i) % G_N_ELEMENTS(told);
            omen_registry_raise(registry,
                                new_kind(told[n].stream, told[n].scope, told[n].kind,
                                         told[n].probability, 1000 + 20 * i),
                                NULL);
        }
        g_assert_cmpuint(count_omens(registry), ==, 1);
        /* QEMU's end and what follows are not linked before the cause is told. */
        g_assert_cmpint(merged > 0, ==, first == 3);
        const OmenData *data = omen_get_data(omen_registry_lookup(registry, 1));
        g_assert_cmpint(data->failure_class, ==, OMEN_FAILURE_OOM);
        g_assert_cmpint(data->scope, ==, OMEN_SCOPE_HOST);
        g_assert_cmpstr(data->domain_uuid, ==, "");
        g_assert_cmpstr(data->stream, ==, "host");
        g_assert_cmpstr(data->reason, ==, "oom");
        g_assert_cmpstr(data->judges, ==, "oom");
        g_assert_cmpuint(data->template_id, ==, OMEN_FAILURE_OOM);
        g_assert_cmpfloat(data->probability, ==, 0.93);
        g_assert_cmpuint(data->n_records, ==, G_N_ELEMENTS(told));
        g_assert_cmpuint(data->course->len, ==, G_N_ELEMENTS(told) - 1);
        g_assert_cmpuint(omen_cause_count_witnesses(data), ==, 3);
        g_assert_cmpint(data->time_us, ==, 1000 * G_USEC_PER_SEC);
    }
}

/* What a domain or a guest says is no witness of the host's trouble, and stays apart where no cause
 * links it. */
static void
test_other_causes(void)
{
    g_autoptr(OmenRegistry) registry = omen_registry_new(20);
    OmenRaise what;

    omen_registry_raise(registry, new_kind("host", OMEN_SCOPE_HOST, OMEN_FAILURE_OOM, 0.9, 1000),
                        NULL);
    omen_registry_raise(
        registry, new_kind("domain:u1", OMEN_SCOPE_DOMAIN, OMEN_FAILURE_QEMU, 0.9, 1001), &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_JOINED);
    g_assert_cmpuint(omen_cause_count_witnesses(omen_get_data(omen_registry_lookup(registry, 1))),
                     ==, 0);
    omen_registry_raise(registry, new_kind("host", OMEN_SCOPE_HOST, OMEN_FAILURE_MCE, 0.9, 1002),
                        &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_NEW);
    omen_registry_raise(registry,
                        new_kind("guest:u1", OMEN_SCOPE_GUEST, OMEN_FAILURE_OOM, 0.9, 1003), &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_NEW);
    omen_registry_raise(
        registry, new_kind("domain:u1", OMEN_SCOPE_DOMAIN, OMEN_FAILURE_QEMU_BLOCK, 0.9, 1004),
        &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_NEW);
    /* Long after the last word of the event. */
    omen_registry_raise(registry,
                        new_kind("host", OMEN_SCOPE_HOST, OMEN_FAILURE_LIBVIRT, 0.9, 1500), &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_NEW);
}

static OmenData *
new_of_device(const char *device, OmenFailureClass kind, double probability, gint64 s)
{
    OmenData *detection = new_kind("host", OMEN_SCOPE_DEVICE, kind, probability, s);

    set_text(&detection->device, device);
    return detection;
}

/* The kernel, smartd, the file system and QEMU tell of one disk. */
static void
test_one_device(void)
{
    g_autoptr(OmenRegistry) registry = omen_registry_new(20);
    g_autoptr(OmenDeviceReach) reach = omen_device_reach_new(OMEN_REACH_DOMAINS, "used by g1");
    gboolean is_other = FALSE;
    Omen *omen;

    omen_device_reach_add_use(reach, "u1", "g1", "sdb → dm-3 → vda of g1");
    omen_device_reach_set_devices(reach, g_strsplit("sdb sdb1 dm-3", " ", -1));
    omen_registry_raise(
        registry, new_kind("domain:u1", OMEN_SCOPE_DOMAIN, OMEN_FAILURE_QEMU_BLOCK, 0.99, 1000),
        NULL);
    omen = omen_registry_raise(registry, new_of_device("sdb", OMEN_FAILURE_DISK, 0.9, 1001), NULL);
    omen_registry_raise(registry, new_of_device("sdb1", OMEN_FAILURE_FILESYSTEM, 0.95, 1002), NULL);
    omen_registry_raise(registry, new_of_device("sdc", OMEN_FAILURE_DISK, 0.9, 1003), NULL);
    g_assert_cmpuint(count_omens(registry), ==, 3);
    omen_set_device_reach(omen, reach);
    omen = omen_registry_merge_event(registry, omen, 1004 * G_USEC_PER_SEC, &is_other);
    omen_registry_raise(registry, new_of_device("dm-3", OMEN_FAILURE_FILESYSTEM, 0.8, 1900), NULL);
    g_assert_true(is_other);
    g_assert_cmpuint(count_omens(registry), ==, 2);
    const OmenData *data = omen_get_data(omen);
    g_assert_cmpuint(data->id, ==, 1);
    g_assert_cmpstr(data->device, ==, "sdb");
    g_assert_cmpint(data->scope, ==, OMEN_SCOPE_DEVICE);
    g_assert_cmpstr(data->reason, ==, "filesystem");
    g_assert_cmpfloat(data->probability, ==, 0.95);
    g_assert_true(omen_data_reaches(data, "u1"));
    g_assert_cmpuint(data->course->len, ==, 4);
    g_assert_null(omen_registry_lookup(registry, 2));
}

static void
assert_health(OmenRegistry *registry, OmenHealthLevel level, const char *text)
{
    g_auto(OmenHostHealth) health = {0};

    omen_host_health_assess(&health, registry, 1000 * G_USEC_PER_SEC);
    g_assert_cmpstr(health.text, ==, text);
    g_assert_cmpint(health.level, ==, level);
}

/* A host whose domains are endangered does not say that all is well; a guest's word does not make
 * it ill. */
static void
test_health(void)
{
    g_autoptr(OmenRegistry) registry = omen_registry_new(20);
    g_autoptr(OmenDeviceReach) reach = omen_device_reach_new(OMEN_REACH_DOMAINS, "used by g2");
    OmenData *detection;
    Omen *device;

    assert_health(registry, OMEN_HEALTH_GREEN, "no sign of failure");
    detection = new_kind("guest:u1", OMEN_SCOPE_GUEST, OMEN_FAILURE_OOM, 0.99, 1000);
    set_domain(detection, "u1");
    set_text(&detection->domain_name, "g1");
    omen_registry_raise(registry, detection, NULL);
    assert_health(registry, OMEN_HEALTH_GREEN,
                  "no sign that the host itself fails; endangered: g1 (oom)");
    device =
        omen_registry_raise(registry, new_of_device("sdb", OMEN_FAILURE_DISK, 0.7, 1000), NULL);
    omen_device_reach_add_use(reach, "u2", "g2", "sdb → vda of g2");
    omen_set_device_reach(device, reach);
    assert_health(registry, OMEN_HEALTH_YELLOW,
                  "no sign that the host itself fails; endangered: g1, g2 (disk)");
    omen_registry_raise(registry, new_kind("host", OMEN_SCOPE_HOST, OMEN_FAILURE_MCE, 0.7, 1000),
                        NULL);
    assert_health(registry, OMEN_HEALTH_RED, "mce");
    omen_set_action(omen_registry_lookup(registry, 3), OMEN_ACTION_CLEARED);
    omen_set_action(device, OMEN_ACTION_DISMISSED);
    omen_set_action(omen_registry_lookup(registry, 1), OMEN_ACTION_DISMISSED);
    assert_health(registry, OMEN_HEALTH_GREEN, "no sign of failure");
}

static void
test_course_text(void)
{
    g_autoptr(OmenData) data = new_kind("host", OMEN_SCOPE_HOST, OMEN_FAILURE_OOM, 0.25, 7);
    g_autoptr(GPtrArray) back = NULL;
    g_autofree char *text = NULL;

    set_text((char **) &data->records->pdata[0], "a\tline\nmore");
    omen_data_sanitise(data);
    text = omen_course_to_text(data->course);
    back = omen_course_new_from_text(text);
    g_assert_cmpuint(back->len, ==, 1);
    const OmenCourseStep *step = g_ptr_array_index(back, 0);
    g_assert_cmpint(step->time_us, ==, 7 * G_USEC_PER_SEC);
    g_assert_cmpstr(step->line, ==, "a\\x09line\\x0amore");
    g_assert_cmpfloat(step->probability, ==, 0.25);
    g_assert_cmpint(step->failure_class, ==, OMEN_FAILURE_OOM);
    g_ptr_array_unref(back);
    back = omen_course_new_from_text("1\thost\tnonsense\tx\n\n\t\t");
    g_assert_cmpuint(back->len, ==, 0);
}

static void
test_burst_is_one(void)
{
    g_autoptr(OmenRegistry) registry = omen_registry_new(10);
    guint added = 0, changed = 0;
    OmenRaise what;
    g_signal_connect(registry, "added", G_CALLBACK(count), &added);
    g_signal_connect(registry, "changed", G_CALLBACK(count), &changed);

    for (gint64 i = 0; i < 50; i++) {
        OmenData *detection = new_detection("host", OMEN_SCOPE_DEVICE, "sdb", 1000 + i);
        detection->probability = 0.6 + 0.005 * (double) i;
        Omen *omen = omen_registry_raise(registry, detection, &what);
        g_assert_cmpint(what, ==, i == 0 ? OMEN_RAISE_NEW : OMEN_RAISE_JOINED);
        g_assert_cmpuint(omen_get_data(omen)->id, ==, 1);
    }

    const OmenData *data = omen_get_data(omen_registry_lookup(registry, 1));
    g_assert_cmpuint(data->n_records, ==, 50);
    g_assert_cmpuint(data->records->len, ==, OMEN_MAX_RECORDS);
    g_assert_cmpint(data->time_us, ==, 1000);
    g_assert_cmpint(data->last_us, ==, 1049);
    g_assert_cmpint(data->expires_us, ==, 1149);
    g_assert_cmpfloat_with_epsilon(data->probability, 0.845, 1e-9);
    g_assert_cmpuint(added, ==, 1);
    g_assert_cmpuint(changed, ==, 49);
}

static void
test_what_parts(void)
{
    g_autoptr(OmenRegistry) registry = omen_registry_new(20);
    OmenRaise what;
    omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_DEVICE, "sdb", 1), &what);

    omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_DEVICE, "sdc", 2), &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_NEW);
    omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_HOST, "sdb", 2), &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_NEW);
    omen_registry_raise(registry, new_detection("guest:1", OMEN_SCOPE_DEVICE, "sdb", 2), &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_NEW);
    OmenData *other = new_detection("host", OMEN_SCOPE_DEVICE, "sdb", 2);
    other->failure_class = OMEN_FAILURE_NIC;
    omen_registry_raise(registry, other, &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_NEW);
    other = new_detection("domain:u1", OMEN_SCOPE_DEVICE, "sdb", 2);
    set_domain(other, "u1");
    omen_registry_raise(registry, other, &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_NEW);

    /* Over, dismissed or cleared: the next sign is a new omen. */
    omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_DEVICE, "sdb", 101), &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_NEW);
    Omen *omen =
        omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_DEVICE, "sdb", 102), &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_JOINED);
    omen_set_action(omen, OMEN_ACTION_DISMISSED);
    omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_DEVICE, "sdb", 103), &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_NEW);
}

/* A guest can write any device name: still one omen. */
static void
test_guest_can_not_multiply(void)
{
    g_autoptr(OmenRegistry) registry = omen_registry_new(20);

    for (guint i = 0; i < 100; i++) {
        g_autofree char *device = g_strdup_printf("sd%u", i);
        OmenData *detection = new_detection("guest:u1", OMEN_SCOPE_GUEST, device, 1);
        set_domain(detection, "u1");
        g_assert_cmpuint(omen_get_data(omen_registry_raise(registry, detection, NULL))->id, ==, 1);
    }
}

static void
test_limit(void)
{
    g_autoptr(OmenRegistry) registry = omen_registry_new(3);
    guint removed = 0;
    g_signal_connect(registry, "removed", G_CALLBACK(count), &removed);

    omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_HOST, "", 1), NULL);
    omen_registry_raise(registry, new_detection("guest:u", OMEN_SCOPE_GUEST, "", 1), NULL);
    omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_DEVICE, "a", 1), NULL);
    omen_set_action(omen_registry_lookup(registry, 3), OMEN_ACTION_CLEARED);

    omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_DEVICE, "b", 1), NULL);
    g_assert_null(omen_registry_lookup(registry, 3));
    omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_DEVICE, "c", 1), NULL);
    g_assert_null(omen_registry_lookup(registry, 2));
    omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_DEVICE, "d", 1), NULL);
    g_assert_null(omen_registry_lookup(registry, 1));
    g_assert_cmpuint(removed, ==, 3);

    g_autoptr(GPtrArray) list = omen_registry_list(registry);
    g_assert_cmpuint(list->len, ==, 3);
    for (guint i = 0; i < 3; i++)
        g_assert_cmpuint(omen_get_data(g_ptr_array_index(list, i))->id, ==, 4 + i);
}

static void
test_restore(void)
{
    g_autoptr(OmenRegistry) registry = omen_registry_new(10);
    const guint64 ids[] = {7, 3, 9, 7, 0};

    for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
        OmenData *data = new_detection("host", OMEN_SCOPE_HOST, "", 1);
        data->id = ids[i];
        omen_registry_restore(registry, data);
    }
    g_autoptr(GPtrArray) list = omen_registry_list(registry);
    g_assert_cmpuint(list->len, ==, 3);
    g_assert_cmpuint(omen_get_data(g_ptr_array_index(list, 0))->id, ==, 3);
    Omen *next =
        omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_DEVICE, "x", 500), NULL);
    g_assert_cmpuint(omen_get_data(next)->id, ==, 10);
}

/* A device's trouble concerns those that use it, and nobody before that is found out. */
static void
test_device_danger(void)
{
    g_autoptr(OmenRegistry) registry = omen_registry_new(10);
    g_autoptr(OmenDeviceReach) reach = omen_device_reach_new(OMEN_REACH_DOMAINS, "used by g1");
    g_autoptr(OmenDeviceReach) nobody = omen_device_reach_new(OMEN_REACH_NOBODY, "unused");
    g_autoptr(OmenDeviceReach) host = omen_device_reach_new(OMEN_REACH_HOST, "/ lies on it");
    OmenData *detection = new_detection("host", OMEN_SCOPE_DEVICE, "sdb", 1);
    Omen *omen;

    detection->migration_helps = TRUE;
    detection->is_reach_sought = TRUE;
    omen = omen_registry_raise(registry, detection, NULL);
    g_assert_null(omen_registry_get_host_danger(registry, 5));
    omen_device_reach_add_use(reach, "u1", "g1\033[2J", "sdb → vda of g1");
    omen_set_device_reach(omen, reach);
    g_assert_null(omen_registry_get_host_danger(registry, 5));
    g_assert_true(omen_registry_get_domain_danger(registry, "u1", 5) == omen);
    g_assert_null(omen_registry_get_domain_danger(registry, "u2", 5));
    const OmenDeviceUse *use = g_ptr_array_index(omen_get_data(omen)->device_reach->uses, 0);
    g_assert_null(strchr(use->name, '\033'));
    g_assert_cmpstr(use->chain, ==, "sdb → vda of g1");
    omen_set_device_reach(omen, nobody);
    g_assert_null(omen_registry_get_domain_danger(registry, "u1", 5));
    g_assert_null(omen_registry_get_host_danger(registry, 5));
    omen_set_device_reach(omen, host);
    g_assert_true(omen_registry_get_host_danger(registry, 5) == omen);
}

static void
test_danger(void)
{
    g_autoptr(OmenRegistry) registry = omen_registry_new(10);
    g_assert_null(omen_registry_get_host_danger(registry, 5));

    OmenData *mine = new_detection("domain:u1", OMEN_SCOPE_DOMAIN, "", 1);
    set_domain(mine, "u1");
    omen_registry_raise(registry, mine, NULL);
    omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_DEVICE, "sdb", 1), NULL);
    g_assert_null(omen_registry_get_host_danger(registry, 5));
    g_assert_nonnull(omen_registry_get_domain_danger(registry, "u1", 5));
    g_assert_null(omen_registry_get_domain_danger(registry, "u2", 5));

    OmenData *bad = new_detection("host", OMEN_SCOPE_HOST, "", 1);
    bad->migration_helps = TRUE;
    omen_registry_raise(registry, bad, NULL);
    OmenData *worse = new_detection("host", OMEN_SCOPE_HOST, "", 1);
    worse->migration_helps = TRUE;
    worse->failure_class = OMEN_FAILURE_MEMORY;
    worse->probability = 0.95;
    Omen *worst = omen_registry_raise(registry, worse, NULL);
    g_assert_true(omen_registry_get_host_danger(registry, 5) == worst);
    omen_set_action(worst, OMEN_ACTION_DISMISSED);
    g_assert_true(omen_registry_get_host_danger(registry, 5) == omen_registry_lookup(registry, 3));

    omen_set_action(omen_registry_lookup(registry, 2), OMEN_ACTION_EVACUATING);
    omen_registry_expire(registry, 101);
    g_assert_null(omen_registry_get_host_danger(registry, 101));
    const OmenAction expected[] = {OMEN_ACTION_CLEARED, OMEN_ACTION_EVACUATING, OMEN_ACTION_CLEARED,
                                   OMEN_ACTION_DISMISSED};
    for (guint64 id = 1; id <= 4; id++)
        g_assert_cmpuint(omen_get_data(omen_registry_lookup(registry, id))->action, ==,
                         expected[id - 1]);
}

/* What is known first stays; an operator knows better; a failure bears a confirmation out. */
static void
test_fate(void)
{
    g_autoptr(Omen) omen = omen_new(omen_data_new());
    OmenFate fate;

    g_assert_true(omen_set_fate(omen, OMEN_FATE_NOTHING, 1));
    g_assert_true(omen_set_fate(omen, OMEN_FATE_FAILED, 2));
    g_assert_false(omen_set_fate(omen, OMEN_FATE_FAILED, 3));
    g_assert_false(omen_set_fate(omen, OMEN_FATE_NOTHING, 3));
    g_assert_cmpint(omen_get_data(omen)->fate_us, ==, 2);
    g_assert_true(omen_set_fate(omen, OMEN_FATE_DISMISSED, 4));
    g_assert_false(omen_set_fate(omen, OMEN_FATE_FAILED, 5));
    g_assert_true(omen_set_fate(omen, OMEN_FATE_CONFIRMED, 6));
    g_assert_true(omen_set_fate(omen, OMEN_FATE_FAILED, 7));
    for (guint i = 0; i < OMEN_N_FATES; i++) {
        g_assert_true(omen_fate_from_string(omen_fate_to_string((OmenFate) i), &fate));
        g_assert_cmpuint(fate, ==, i);
    }
    g_assert_false(omen_fate_from_string("fine", &fate));
}

/* All kinds of its lines are remembered, once each, and not more than the limit. */
static void
test_templates(void)
{
    g_autoptr(Omen) omen = omen_new(omen_data_new());

    for (guint i = 0; i < 3 * OMEN_MAX_TEMPLATES; i++) {
        g_autoptr(OmenData) detection = omen_data_new();
        detection->template_id = i / 2;
        omen_join(omen, detection);
    }
    g_assert_cmpuint(omen_get_data(omen)->templates->len, ==, OMEN_MAX_TEMPLATES);
    for (guint i = 0; i < OMEN_MAX_TEMPLATES; i++)
        g_assert_cmpuint(g_array_index(omen_get_data(omen)->templates, guint32, i), ==, i);
}

/* What anybody could have written never joins what is proven, endangers nobody by itself, is one
 * omen whatever devices it names, and goes first where there is no room. */
static void
test_not_proven(void)
{
    g_autoptr(OmenRegistry) registry = omen_registry_new(3);
    OmenRaise what;
    Omen *said;
    Omen *proven;

    for (guint i = 0; i < 50; i++) {
        g_autofree char *device = g_strdup_printf("sd%u", i);
        OmenData *sign = new_detection("host", OMEN_SCOPE_HOST, device, 1);
        sign->is_proven = FALSE;
        sign->probability = 0.99;
        sign->migration_helps = TRUE;
        said = omen_registry_raise(registry, sign, &what);
        g_assert_cmpint(what, ==, i == 0 ? OMEN_RAISE_NEW : OMEN_RAISE_JOINED);
    }
    g_assert_null(omen_registry_get_host_danger(registry, 2));

    OmenData *sign = new_detection("host", OMEN_SCOPE_HOST, "sd0", 1);
    sign->migration_helps = TRUE;
    sign->probability = 0.7;
    proven = omen_registry_raise(registry, sign, &what);
    g_assert_cmpint(what, ==, OMEN_RAISE_NEW);
    g_assert_true(proven != said);
    g_assert_true(omen_registry_get_host_danger(registry, 2) == proven);
    g_assert_cmpfloat(omen_get_data(proven)->probability, ==, 0.7);
    g_assert_cmpuint(omen_get_data(proven)->n_records, ==, 1);

    omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_HOST, "sdx", 1), NULL);
    omen_registry_raise(registry, new_detection("host", OMEN_SCOPE_HOST, "sdy", 1), NULL);
    g_assert_null(omen_registry_lookup(registry, 1));
    g_assert_nonnull(omen_registry_lookup(registry, 2));
}

/* systemd tells of the OOM kill as well, and is not believed of it: that is no second omen, and
 * changes nothing of the first. Of another device it is one. */
static void
test_echo(void)
{
    g_autoptr(OmenRegistry) registry = omen_registry_new(10);
    Omen *omen = omen_registry_raise(
        registry, new_kind("host", OMEN_SCOPE_HOST, OMEN_FAILURE_OOM, 0.9, 1), NULL);
    OmenData *word = new_kind("host", OMEN_SCOPE_HOST, OMEN_FAILURE_OOM, 0.99, 2);
    OmenRaise what;

    word->is_proven = FALSE;
    g_assert_true(omen_registry_raise(registry, word, &what) == omen);
    g_assert_cmpint(what, ==, OMEN_RAISE_JOINED);
    g_assert_cmpfloat(omen_get_data(omen)->probability, ==, 0.9);
    g_assert_cmpuint(omen_get_data(omen)->n_records, ==, 1);

    word = new_detection("host", OMEN_SCOPE_HOST, "sdb", 3);
    word->is_proven = FALSE;
    word->failure_class = OMEN_FAILURE_OOM;
    g_assert_true(omen_registry_raise(registry, word, &what) != omen);
    g_assert_cmpint(what, ==, OMEN_RAISE_NEW);
}

/* One task that hung is noted; with a sign of another kind in the same event it is more. */
static void
test_witnessed(void)
{
    g_autoptr(OmenRegistry) registry = omen_registry_new(10);
    Omen *omen = omen_registry_raise(
        registry, new_kind("host", OMEN_SCOPE_HOST, OMEN_FAILURE_HUNG_TASK, 0.6, 1), NULL);

    g_assert_true(omen_data_is_noted(omen_get_data(omen)));
    g_assert_null(omen_registry_get_host_danger(registry, 2 * G_USEC_PER_SEC));
    omen_registry_raise(registry, new_kind("host", OMEN_SCOPE_HOST, OMEN_FAILURE_HUNG_TASK, 0.6, 2),
                        NULL);
    g_assert_true(omen_data_is_noted(omen_get_data(omen)));
    omen_registry_raise(registry, new_kind("host", OMEN_SCOPE_HOST, OMEN_FAILURE_LIBVIRT, 0.55, 3),
                        NULL);
    g_assert_cmpuint(count_omens(registry), ==, 1);
    g_assert_false(omen_data_is_noted(omen_get_data(omen)));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/omen/one-cause", test_one_cause);
    g_test_add_func("/omen/witnessed", test_witnessed);
    g_test_add_func("/omen/other-causes", test_other_causes);
    g_test_add_func("/omen/one-device", test_one_device);
    g_test_add_func("/omen/health", test_health);
    g_test_add_func("/omen/course-text", test_course_text);
    g_test_add_func("/omen/actions", test_actions);
    g_test_add_func("/omen/fate", test_fate);
    g_test_add_func("/omen/templates", test_templates);
    g_test_add_func("/omen/text-is-clean", test_text_is_clean);
    g_test_add_func("/omen/burst-is-one", test_burst_is_one);
    g_test_add_func("/omen/what-parts", test_what_parts);
    g_test_add_func("/omen/guest-can-not-multiply", test_guest_can_not_multiply);
    g_test_add_func("/omen/limit", test_limit);
    g_test_add_func("/omen/restore", test_restore);
    g_test_add_func("/omen/danger", test_danger);
    g_test_add_func("/omen/device-danger", test_device_danger);
    g_test_add_func("/omen/not-proven", test_not_proven);
    g_test_add_func("/omen/echo", test_echo);
    return g_test_run();
}
