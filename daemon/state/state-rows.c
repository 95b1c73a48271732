/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state/state-rows.h"

OmenStreamRow *
omen_stream_row_new(const char *name, OmenProvenance kind)
{
    OmenStreamRow *self = g_new0(OmenStreamRow, 1);
    self->name = g_strdup(name);
    self->kind = kind;
    self->bookmarks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return self;
}

void
omen_stream_row_free(OmenStreamRow *self)
{
    if (self == NULL)
        return;
    g_free(self->name);
    g_clear_pointer(&self->engine, g_variant_unref);
    g_hash_table_unref(self->bookmarks);
    g_free(self);
}

OmenVerdictRow *
omen_verdict_row_new(void)
{
    OmenVerdictRow *self = g_new0(OmenVerdictRow, 1);
    self->stream = g_strdup("");
    self->template_text = g_strdup("");
    self->judge = g_strdup("");
    self->word = g_strdup("");
    return self;
}

void
omen_verdict_row_free(OmenVerdictRow *self)
{
    if (self == NULL)
        return;
    g_free(self->stream);
    g_free(self->template_text);
    g_free(self->judge);
    g_free(self->word);
    g_free(self);
}

OmenStateContents *
omen_state_contents_new(void)
{
    OmenStateContents *self = g_new0(OmenStateContents, 1);
    self->streams = g_ptr_array_new_with_free_func((GDestroyNotify) omen_stream_row_free);
    self->omens = g_ptr_array_new_with_free_func((GDestroyNotify) omen_data_free);
    self->verdicts = g_ptr_array_new_with_free_func((GDestroyNotify) omen_verdict_row_free);
    self->evacuations = g_ptr_array_new_with_free_func((GDestroyNotify) omen_evacuation_data_free);
    self->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return self;
}

void
omen_state_contents_free(OmenStateContents *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->streams);
    g_ptr_array_unref(self->omens);
    g_ptr_array_unref(self->verdicts);
    g_ptr_array_unref(self->evacuations);
    g_hash_table_unref(self->settings);
    g_free(self->warning);
    g_free(self);
}
