/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/guest-framing.h"

typedef struct {
    OmenGuestFraming framing;
    GString *seen; /* "SEQUENCE:IDENTIFIER:MESSAGE;", "beat;" */
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    omen_guest_framing_init(&self->framing, NULL);
    self->seen = g_string_new(NULL);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    g_string_free(self->seen, TRUE);
}

static void
take(const OmenGuestFrame *frame, gpointer user_data)
{
    Fixture *self = user_data;

    if (frame->type == OMEN_GUEST_FRAME_BEAT)
        g_string_append(self->seen, "beat;");
    else
        g_string_append_printf(self->seen, "%d:%.*s:%.*s;", (int) frame->sequence,
                               frame->identifier_length, frame->payload,
                               frame->payload_length - frame->identifier_length,
                               frame->payload + frame->identifier_length);
}

static void
feed(Fixture *self, const void *bytes, gsize length)
{
    omen_guest_framing_feed(&self->framing, bytes, length, take, self);
}

static gsize
make(guint8 *out, guint8 type, guint64 session, guint64 sequence, guint64 lost, const char *text)
{
    OmenGuestFrame frame = {.type = type,
                            .priority = 6,
                            .identifier_length = *text ? 1 : 0,
                            .payload_length = (guint16) strlen(text),
                            .session = session,
                            .sequence = sequence,
                            .lost = lost,
                            .payload = text};

    return omen_guest_frame_encode(&frame, out);
}

static void
put(Fixture *self, guint64 session, guint64 sequence, guint64 lost, const char *text)
{
    guint8 bytes[OMEN_GUEST_FRAME_MAX];
    guint8 type = *text ? OMEN_GUEST_FRAME_RECORD : OMEN_GUEST_FRAME_BEAT;

    feed(self, bytes, make(bytes, type, session, sequence, lost, text));
}

static void
test_check_value(void)
{
    /* The check value of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms. */
    g_assert_cmphex(omen_guest_crc(0, (const guint8 *) "123456789", 9), ==, 0xcbf43926);
}

static void
test_cut_anywhere(Fixture *self, gconstpointer data)
{
    guint8 bytes[OMEN_GUEST_FRAME_MAX];
    gsize length = make(bytes, OMEN_GUEST_FRAME_RECORD, 1, 1, 0, "amessage");

    for (gsize i = 0; i < length; i++) {
        g_assert_cmpstr(self->seen->str, ==, "");
        feed(self, bytes + i, 1);
    }
    put(self, 1, 1, 0, "");
    g_assert_cmpstr(self->seen->str, ==, "1:a:message;beat;");
    g_assert_cmpuint(self->framing.n_bad_bytes, ==, 0);
}

static void
test_rubbish(Fixture *self, gconstpointer data)
{
    guint8 bytes[OMEN_GUEST_FRAME_MAX];
    gsize length = make(bytes, OMEN_GUEST_FRAME_RECORD, 1, 2, 0, "bsecond");

    feed(self, "OMOMENkernel: panic\n", 20);
    put(self, 1, 1, 0, "afirst");
    bytes[OMEN_GUEST_HEADER_SIZE + 2] ^= 1; /* not what was checked */
    feed(self, bytes, length);
    bytes[OMEN_GUEST_HEADER_SIZE + 2] ^= 1;
    feed(self, bytes, length / 2); /* half a frame, and whole ones after it */
    put(self, 1, 3, 0, "cthird");
    put(self, 1, 4, 0, "cfourth");
    /* Bytes that could belong to the half one hold what follows them until it is shown wrong. */
    for (guint i = 5; i < 20; i++)
        put(self, 1, i, 0, "d");
    g_assert_nonnull(strstr(self->seen->str, "1:a:first;"));
    g_assert_null(strstr(self->seen->str, "second"));
    g_assert_nonnull(strstr(self->seen->str, "3:c:third;4:c:fourth;5:d:;"));
    g_assert_nonnull(strstr(self->seen->str, "19:d:;"));
    g_assert_cmpuint(self->framing.n_bad_bytes, ==, 20 + length + length / 2);
    g_assert_cmpuint(self->framing.n_missed, ==, 1);
}

static void
test_other_version(Fixture *self, gconstpointer data)
{
    guint8 bytes[OMEN_GUEST_FRAME_MAX];
    gsize length = make(bytes, OMEN_GUEST_FRAME_RECORD, 1, 2, 0, "bsecond");

    bytes[4] = OMEN_GUEST_WIRE_VERSION + 1;
    feed(self, bytes, length);
    put(self, 1, 3, 0, "cthird");
    g_assert_cmpstr(self->seen->str, ==, "3:c:third;");
    g_assert_cmpuint(self->framing.n_other_version, ==, 1);
}

static void
test_gaps(Fixture *self, gconstpointer data)
{
    put(self, 7, 1, 0, "a");
    put(self, 7, 1, 0, "a"); /* again */
    put(self, 7, 5, 0, "b"); /* three are missing */
    g_assert_cmpuint(self->framing.n_missed, ==, 3);
    put(self, 7, 5, 2, ""); /* two of these were dropped by the guest: they are counted already */
    g_assert_cmpuint(self->framing.n_missed, ==, 3);
    put(self, 7, 5, 10, "");
    g_assert_cmpuint(self->framing.n_missed, ==, 10);
    g_assert_cmpuint(self->framing.n_repeated, ==, 1);
    put(self, 8, 1, 0, "c"); /* the writer was restarted */
    g_assert_cmpuint(self->framing.n_missed, ==, 10);
    put(self, 8, G_MAXUINT64, G_MAXUINT64, "d");
    g_assert_cmpuint(self->framing.n_missed, <=, 10 + (guint64) G_MAXUINT32);
    g_assert_cmpstr(self->seen->str, !=, "");
}

/* A guest that is set back to a snapshot goes on from there, after its next beat. */
static void
test_set_back(Fixture *self, gconstpointer data)
{
    put(self, 7, 100, 0, "a");
    put(self, 7, 50, 0, "b");
    put(self, 7, 50, 0, "");
    put(self, 7, 51, 0, "c");
    g_assert_cmpstr(self->seen->str, ==, "100:a:;beat;51:c:;");
    g_assert_cmpuint(self->framing.n_set_back, ==, 1);
}

static void
test_bookmark(Fixture *self, gconstpointer data)
{
    g_autofree char *bookmark = NULL;
    g_autofree char *none = omen_guest_framing_dup_bookmark(&self->framing);

    g_assert_null(none);
    put(self, 0xfeedface, 3, 1, "a");
    bookmark = omen_guest_framing_dup_bookmark(&self->framing);
    omen_guest_framing_init(&self->framing, bookmark);
    put(self, 0xfeedface, 3, 1, "a");
    put(self, 0xfeedface, 9, 4,
        "b"); /* five passed elsewhere, or while nobody read: three are lost */
    g_assert_cmpstr(self->seen->str, ==, "3:a:;9:b:;");
    g_assert_cmpuint(self->framing.n_missed, ==, 3);
    omen_guest_framing_init(&self->framing, "rubbish");
    g_assert_false(self->framing.has_session);
}

/* Rubbish of all kinds between good frames: time and memory stay bounded, and good frames come. */
static void
test_random(Fixture *self, gconstpointer data)
{
    guint8 bytes[3 * OMEN_GUEST_FRAME_MAX];
    guint64 n_fed = 0;

    for (guint round = 0; round < 2000; round++) {
        gsize length = (gsize) g_test_rand_int_range(0, sizeof bytes);
        for (gsize i = 0; i < length; i++)
            bytes[i] = (guint8) "OMEN\1\2\0x"[g_test_rand_int_range(0, 8)];
        feed(self, bytes, length);
        n_fed += length;
        g_assert_cmpuint(self->framing.n_pending, <=, OMEN_GUEST_FRAME_MAX);
        g_assert_cmpuint(self->framing.n_bad_bytes + self->framing.n_pending, ==, n_fed);
    }
    omen_guest_framing_reopen(&self->framing);
    put(self, 1, 1, 0, "agood");
    g_assert_cmpstr(self->seen->str, ==, "1:a:good;");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guest-framing/check", test_check_value);
    g_test_add("/guest-framing/cut", Fixture, NULL, set_up, test_cut_anywhere, tear_down);
    g_test_add("/guest-framing/rubbish", Fixture, NULL, set_up, test_rubbish, tear_down);
    g_test_add("/guest-framing/version", Fixture, NULL, set_up, test_other_version, tear_down);
    g_test_add("/guest-framing/gaps", Fixture, NULL, set_up, test_gaps, tear_down);
    g_test_add("/guest-framing/set-back", Fixture, NULL, set_up, test_set_back, tear_down);
    g_test_add("/guest-framing/bookmark", Fixture, NULL, set_up, test_bookmark, tear_down);
    g_test_add("/guest-framing/random", Fixture, NULL, set_up, test_random, tear_down);
    return g_test_run();
}
