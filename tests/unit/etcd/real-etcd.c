/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "real-etcd.h"

#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define START_TRIES 400 /* of 20 ms */

const char *
real_etcd_get_obstacle(void)
{
    g_autofree char *program = g_find_program_in_path("etcd");

    return program ? NULL : "etcd is not installed (Debian's etcd-server)";
}

/* One that is free now. */
static guint16
find_port(void)
{
    g_autoptr(GSocketListener) listener = g_socket_listener_new();
    guint16 port = g_socket_listener_add_any_inet_port(listener, NULL, NULL);

    g_socket_listener_close(listener);
    return port;
}

/* (nullable) (transfer full): what it answers with status 200. */
static char *
try_post(RealEtcd *self, const char *path, const char *json)
{
    g_autofree char *url = g_strconcat(self->url, path, NULL);
    g_autoptr(SoupSession) session = soup_session_new_with_options("timeout", 2, NULL);
    g_autoptr(SoupMessage) message = soup_message_new("POST", url);
    g_autoptr(GBytes) body = g_bytes_new(json, strlen(json));
    g_autoptr(GBytes) answer = NULL;
    g_autoptr(GTlsDatabase) trusted =
        self->certificate ? g_tls_file_database_new(self->certificate, NULL) : NULL;

    if (trusted)
        soup_session_set_tls_database(session, trusted);
    soup_message_set_request_body_from_bytes(message, "application/json", body);
    answer = soup_session_send_and_read(session, message, NULL, NULL);
    if (!answer || soup_message_get_status(message) != 200)
        return NULL;
    return g_strndup(g_bytes_get_data(answer, NULL), g_bytes_get_size(answer));
}

char *
real_etcd_post(RealEtcd *self, const char *path, const char *json)
{
    char *answer = try_post(self, path, json);

    g_assert_nonnull(answer);
    return answer;
}

/* It does not outlive a test that fails. */
static void
prepare(gpointer user_data G_GNUC_UNUSED)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void
real_etcd_start(RealEtcd *self)
{
    g_autofree char *cluster = g_strconcat("default=", self->peer_url, NULL);
    g_autofree char *log = g_build_filename(self->folder, "log", NULL);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    const char *const options[] = {"etcd",
                                   "--data-dir",
                                   self->folder,
                                   "--listen-client-urls",
                                   self->url,
                                   "--advertise-client-urls",
                                   self->url,
                                   "--listen-peer-urls",
                                   self->peer_url,
                                   "--initial-advertise-peer-urls",
                                   self->peer_url,
                                   "--initial-cluster",
                                   cluster,
                                   "--heartbeat-interval",
                                   "10",
                                   "--election-timeout",
                                   "100",
                                   "--logger",
                                   "zap",
                                   "--log-outputs",
                                   log};

    for (gsize i = 0; i < G_N_ELEMENTS(options); i++)
        g_ptr_array_add(words, (char *) options[i]);
    if (self->certificate) {
        g_ptr_array_add(words, (char *) "--cert-file");
        g_ptr_array_add(words, self->certificate);
        g_ptr_array_add(words, (char *) "--key-file");
        g_ptr_array_add(words, self->certificate);
    }
    g_ptr_array_add(words, NULL);
    g_spawn_async(NULL, (char **) words->pdata, NULL,
                  G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL |
                      G_SPAWN_STDERR_TO_DEV_NULL,
                  prepare, NULL, &self->pid, &error);
    g_assert_no_error(error);
    for (int i = 0; i < START_TRIES; i++) {
        g_autofree char *answer = try_post(self, "/v3/maintenance/status", "{}");
        if (answer)
            return;
        g_usleep(20000);
    }
    g_error("etcd did not start; its log is %s", log);
}

RealEtcd *
real_etcd_new(const char *certificate)
{
    RealEtcd *self = g_new0(RealEtcd, 1);

    self->folder = g_dir_make_tmp("omen-etcd-XXXXXX", NULL);
    self->url = g_strdup_printf("%s://127.0.0.1:%u", certificate ? "https" : "http", find_port());
    self->peer_url = g_strdup_printf("http://127.0.0.1:%u", find_port());
    self->certificate = g_strdup(certificate);
    real_etcd_start(self);
    return self;
}

void
real_etcd_signal(RealEtcd *self, int number)
{
    kill(self->pid, number);
}

void
real_etcd_kill(RealEtcd *self)
{
    kill(self->pid, SIGKILL);
    waitpid(self->pid, NULL, 0);
    g_spawn_close_pid(self->pid);
    self->pid = 0;
}

static void
remove_tree(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;

    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        remove_tree(inner);
    }
    g_remove(path);
}

void
real_etcd_free(RealEtcd *self)
{
    if (self->pid)
        real_etcd_kill(self);
    remove_tree(self->folder);
    g_free(self->folder);
    g_free(self->url);
    g_free(self->peer_url);
    g_free(self->certificate);
    g_free(self);
}

OmenEtcd *
real_etcd_connect(RealEtcd *self, guint timeout_ms)
{
    char *endpoints[] = {self->url, NULL};
    const OmenEtcdSettings settings = {.endpoints = endpoints,
                                       .user = (char *) "",
                                       .password_file = (char *) "",
                                       .ca_file = (char *) "",
                                       .timeout_ms = timeout_ms};
    g_autoptr(GError) error = NULL;
    OmenEtcd *etcd = omen_etcd_new(&settings, &error);

    g_assert_no_error(error);
    return etcd;
}
