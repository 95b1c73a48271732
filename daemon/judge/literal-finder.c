/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/literal-finder.h"

#include <string.h>

typedef struct {
    guint id;
    guint next; /* output of the same node, plus 1; 0: none */
} Output;

typedef struct {
    guint failure; /* the longest proper suffix that is a node */
    guint output;  /* first, plus 1; 0: none */
    guint shorter; /* the nearest node by failures that has an output; 0: none */
} Node;

struct _OmenLiteralFinder {
    guint8 classes[256]; /* of bytes; 0: occurs in no text */
    guint n_classes;
    GPtrArray *texts; /* as they were added, until the automaton is built */
    GArray *ids;
    GArray *nodes;   /* Node */
    GArray *outputs; /* Output */
    guint32 *steps;  /* n_classes a node: the next node */
};

OmenLiteralFinder *
omen_literal_finder_new(void)
{
    OmenLiteralFinder *self = g_new0(OmenLiteralFinder, 1);

    self->n_classes = 1;
    self->texts = g_ptr_array_new_with_free_func(g_free);
    self->ids = g_array_new(FALSE, FALSE, sizeof(guint));
    self->nodes = g_array_new(FALSE, TRUE, sizeof(Node));
    self->outputs = g_array_new(FALSE, FALSE, sizeof(Output));
    return self;
}

void
omen_literal_finder_free(OmenLiteralFinder *self)
{
    g_ptr_array_unref(self->texts);
    g_array_unref(self->ids);
    g_array_unref(self->nodes);
    g_array_unref(self->outputs);
    g_free(self->steps);
    g_free(self);
}

void
omen_literal_finder_add(OmenLiteralFinder *self, const char *text, guint id)
{
    for (const guchar *at = (const guchar *) text; *at; at++) {
        if (self->classes[*at] == 0)
            self->classes[*at] = (guint8) self->n_classes++;
    }
    g_ptr_array_add(self->texts, g_strdup(text));
    g_array_append_val(self->ids, id);
}

static Node *
node_at(const OmenLiteralFinder *self, guint node)
{
    return &g_array_index(self->nodes, Node, node);
}

static guint32 *
step_of(const OmenLiteralFinder *self, guint node, guint class)
{
    return &self->steps[(gsize) node * self->n_classes + class];
}

static void
insert(OmenLiteralFinder *self, const char *text, guint id)
{
    Output output = {.id = id};
    guint node = 0;

    for (const guchar *at = (const guchar *) text; *at; at++) {
        guint32 *step = step_of(self, node, self->classes[*at]);
        if (*step == 0) {
            *step = self->nodes->len;
            g_array_set_size(self->nodes, self->nodes->len + 1);
        }
        node = *step;
    }
    output.next = node_at(self, node)->output;
    g_array_append_val(self->outputs, output);
    node_at(self, node)->output = self->outputs->len;
}

/* Breadth first: the failure of a node is known before its children need it. */
static void
link_failures(OmenLiteralFinder *self)
{
    g_autofree guint *queue = g_new(guint, self->nodes->len);
    guint head = 0;
    guint tail = 0;

    for (guint class = 0; class < self->n_classes; class ++) {
        guint child = *step_of(self, 0, class);
        if (child)
            queue[tail++] = child;
    }
    while (head < tail) {
        guint node = queue[head++];
        guint failure = node_at(self, node)->failure;
        node_at(self, node)->shorter =
            node_at(self, failure)->output ? failure : node_at(self, failure)->shorter;
        for (guint class = 0; class < self->n_classes; class ++) {
            guint32 *step = step_of(self, node, class);
            guint by_failure = *step_of(self, failure, class);
            if (*step == 0) {
                *step = by_failure;
            } else {
                node_at(self, *step)->failure = by_failure;
                queue[tail++] = *step;
            }
        }
    }
}

void
omen_literal_finder_build(OmenLiteralFinder *self)
{
    gsize n_nodes = 1;

    for (guint i = 0; i < self->texts->len; i++)
        n_nodes += strlen(g_ptr_array_index(self->texts, i));
    self->steps = g_new0(guint32, n_nodes * self->n_classes);
    g_array_set_size(self->nodes, 1);
    for (guint i = 0; i < self->texts->len; i++)
        insert(self, g_ptr_array_index(self->texts, i), g_array_index(self->ids, guint, i));
    self->steps = g_renew(guint32, self->steps, (gsize) self->nodes->len * self->n_classes);
    g_ptr_array_set_size(self->texts, 0);
    link_failures(self);
}

void
omen_literal_finder_run(const OmenLiteralFinder *self,
                        const char *line,
                        OmenLiteralFunc found,
                        gpointer user_data)
{
    guint node = 0;

    for (const guchar *at = (const guchar *) line; *at; at++) {
        node = *step_of(self, node, self->classes[*at]);
        for (guint hit = node_at(self, node)->output ? node : node_at(self, node)->shorter; hit;
             hit = node_at(self, hit)->shorter) {
            for (guint i = node_at(self, hit)->output; i;
                 i = g_array_index(self->outputs, Output, i - 1).next)
                found(g_array_index(self->outputs, Output, i - 1).id, user_data);
        }
    }
}
