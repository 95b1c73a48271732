/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/cluster-table.h"

#define TRUST_AFTER     4
#define PROBATION_SHARE 8 /* one in so many places is kept for clusters on probation */
#define N_CANDIDATES    8

void
omen_cluster_table_init(OmenClusterTable *self,
                        guint max_clusters,
                        gsize max_bytes,
                        gboolean guarded,
                        void (*drop)(OmenCluster *cluster, gpointer user_data),
                        gpointer user_data)
{
    *self = (OmenClusterTable){
        .max_clusters = MAX(max_clusters, 1),
        .max_bytes = max_bytes,
        .guarded = guarded,
        .drop = drop,
        .user_data = user_data,
    };
    omen_hash_index_init(&self->clusters);
    g_queue_init(&self->probation);
    g_queue_init(&self->trusted);
}

static GQueue *
queue_of(OmenClusterTable *self, const OmenCluster *cluster)
{
    return cluster->trusted ? &self->trusted : &self->probation;
}

static void
drop(OmenClusterTable *self, OmenCluster *cluster)
{
    g_queue_unlink(queue_of(self, cluster), &cluster->link);
    omen_hash_index_remove(&self->clusters, omen_cluster_hash_id(cluster->id), cluster);
    self->n_bytes -= cluster->n_bytes;
    self->drop(cluster, self->user_data);
}

void
omen_cluster_table_clear(OmenClusterTable *self)
{
    while (self->probation.head)
        drop(self, self->probation.head->data);
    while (self->trusted.head)
        drop(self, self->trusted.head->data);
    omen_hash_index_clear(&self->clusters);
}

static OmenCluster *
find_least_used(const GQueue *queue)
{
    OmenCluster *least = queue->head->data;
    const GList *link = queue->head;

    for (guint i = 0; link && i < N_CANDIDATES; i++, link = link->next) {
        OmenCluster *cluster = link->data;
        if (cluster->size < least->size)
            least = cluster;
    }
    return least;
}

static OmenCluster *
choose_victim(const OmenClusterTable *self)
{
    guint reserved = self->guarded ? self->max_clusters / PROBATION_SHARE : 0;

    if (self->probation.length > reserved || self->trusted.length == 0)
        return self->probation.head->data;
    return find_least_used(&self->trusted);
}

static gboolean
is_full(const OmenClusterTable *self, gsize n_more_bytes)
{
    guint n = omen_cluster_table_get_n(self);

    return n > 0 && (n >= self->max_clusters || self->n_bytes + n_more_bytes > self->max_bytes);
}

static void
insert(OmenClusterTable *self, OmenCluster *cluster)
{
    cluster->link.data = cluster;
    g_queue_push_tail_link(queue_of(self, cluster), &cluster->link);
    omen_hash_index_add(&self->clusters, omen_cluster_hash_id(cluster->id), cluster);
    self->n_bytes += cluster->n_bytes;
}

void
omen_cluster_table_add(OmenClusterTable *self, OmenCluster *cluster)
{
    while (is_full(self, cluster->n_bytes))
        drop(self, choose_victim(self));
    cluster->id = ++self->last_id;
    insert(self, cluster);
}

gboolean
omen_cluster_table_restore(OmenClusterTable *self, OmenCluster *cluster)
{
    if (cluster->id == 0 || cluster->id > self->last_id || is_full(self, cluster->n_bytes) ||
        omen_cluster_table_find(self, cluster->id))
        return FALSE;
    insert(self, cluster);
    return TRUE;
}

void
omen_cluster_table_use(OmenClusterTable *self, OmenCluster *cluster)
{
    GQueue *queue = queue_of(self, cluster);

    cluster->size++;
    if (self->guarded && !cluster->trusted && cluster->size >= TRUST_AFTER) {
        g_queue_unlink(queue, &cluster->link);
        cluster->trusted = TRUE;
        g_queue_push_tail_link(&self->trusted, &cluster->link);
    } else if (queue->tail != &cluster->link) {
        g_queue_unlink(queue, &cluster->link);
        g_queue_push_tail_link(queue, &cluster->link);
    }
}

static int
compare_ids(gconstpointer a, gconstpointer b)
{
    guint left = GPOINTER_TO_UINT(a);
    guint right = GPOINTER_TO_UINT(b);

    return left < right ? -1 : left > right;
}

GList *
omen_cluster_table_list(const OmenClusterTable *self)
{
    GList *ids = NULL;

    for (const GList *link = self->probation.head; link; link = link->next)
        ids = g_list_prepend(ids, GUINT_TO_POINTER(((OmenCluster *) link->data)->id));
    for (const GList *link = self->trusted.head; link; link = link->next)
        ids = g_list_prepend(ids, GUINT_TO_POINTER(((OmenCluster *) link->data)->id));
    return g_list_sort(ids, compare_ids);
}
