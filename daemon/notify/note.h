/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A note: something that an operator may want to be told, in words and as fields.
 *
 * The fields bear the same names wherever they go: "class" is OMEN_CLASS in the journal and in a
 * command's environment, and "class" in JSON. Log lines are not among them: they can hold secrets.
 * Text is that of omens and evacuations: fit to be shown.
 */
#pragma once

#include "evacuation/evacuation.h"
#include "omen/omen.h"

G_BEGIN_DECLS

/* MESSAGE_ID in the journal; data/systemd/virt-omen.catalog explains each. */
#define OMEN_NOTE_ID_OMEN_RAISED          "c9d1a2f04e5b4b7d9d3e6f18a7b20c51"
#define OMEN_NOTE_ID_OMEN_CHANGED         "5e0b7c64d1f24a8f8b91c3d2e6a47f92"
#define OMEN_NOTE_ID_EVACUATION_SUCCEEDED "8f3a6d1be27c4c05a4d98e5b1c60f7d3"
#define OMEN_NOTE_ID_EVACUATION_FAILED    "2b7e4c90f6a845d3917dc08a3e5f61b4"

typedef struct {
    const char *name; /* static: "class" */
    char *value;
} OmenNoteField;

typedef struct {
    const char *message_id; /* static: one of the above */
    int priority;           /* syslog's */
    char *message;
    GArray *fields; /* OmenNoteField; the first is "event" */
} OmenNote;

/* "omen-raised", or "omen-changed": what is done about it is another thing than before. */
OmenNote *omen_note_new_of_omen(const OmenData *omen, gboolean raised);

/* "evacuation-ended". */
OmenNote *omen_note_new_of_evacuation(const OmenEvacuationData *evacuation);

/* Counted, from any thread; a note does not change. */
OmenNote *omen_note_ref(OmenNote *self);
void omen_note_unref(OmenNote *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenNote, omen_note_unref)

/* "OMEN_CLASS=disk": of a field, for the journal and for environments. (transfer full). */
char *omen_note_field_to_variable(const OmenNoteField *field);

/* An object of strings, with "message". (transfer full). */
char *omen_note_to_json(const OmenNote *self);

G_END_DECLS
