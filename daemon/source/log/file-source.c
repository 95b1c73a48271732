/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/file-source.h"

#include "source/log/file-watcher.h"

struct _OmenFileSource {
    OmenSource parent_instance;

    OmenFileWatcher *files;
    char *path;
    OmenFileLineFunc parse;
    OmenReader *reader;
};

G_DEFINE_FINAL_TYPE(OmenFileSource, omen_file_source, OMEN_TYPE_SOURCE)

static void
omen_file_source_start(OmenSource *source)
{
    OmenFileSource *self = OMEN_FILE_SOURCE(source);
    g_autofree char *bookmark = omen_source_dup_bookmark(source);

    self->reader = omen_reader_new(source);
    omen_file_watcher_add(self->files, self->reader,
                          omen_file_tail_new(self->path, self->parse, bookmark));
}

static void
omen_file_source_stop(OmenSource *source)
{
    OmenFileSource *self = OMEN_FILE_SOURCE(source);

    if (!self->reader)
        return;
    g_clear_pointer(&self->reader, omen_reader_stop);
    omen_file_watcher_wake(self->files);
}

static char *
omen_file_source_dup_bookmark(OmenSource *source)
{
    OmenFileSource *self = OMEN_FILE_SOURCE(source);

    return self->reader ? omen_reader_dup_bookmark(self->reader) : NULL;
}

static void
omen_file_source_finalize(GObject *object)
{
    OmenFileSource *self = OMEN_FILE_SOURCE(object);

    omen_file_source_stop(OMEN_SOURCE(self));
    omen_file_watcher_unref(self->files);
    g_free(self->path);
    G_OBJECT_CLASS(omen_file_source_parent_class)->finalize(object);
}

static void
omen_file_source_class_init(OmenFileSourceClass *class)
{
    OmenSourceClass *source_class = OMEN_SOURCE_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = omen_file_source_finalize;
    source_class->start = omen_file_source_start;
    source_class->stop = omen_file_source_stop;
    source_class->dup_bookmark = omen_file_source_dup_bookmark;
}

static void
omen_file_source_init(OmenFileSource *self G_GNUC_UNUSED)
{
}

static void
parse_any(const char *line, gsize length, OmenRecord *record)
{
    OmenLineContext context = {.now_us = g_get_real_time()};

    omen_line_format_parse(OMEN_LINE_FORMAT_AUTO, &context, line, length, record);
}

OmenSource *
omen_file_source_new(OmenFileWatcher *files, const char *path, const char *bookmark)
{
    g_autofree char *name = g_strconcat("file:", path, NULL);

    return omen_file_source_new_full(files, name, path, OMEN_PROVENANCE_HOST, parse_any, bookmark);
}

OmenSource *
omen_file_source_new_full(OmenFileWatcher *files,
                          const char *name,
                          const char *path,
                          OmenProvenance provenance,
                          OmenFileLineFunc parse,
                          const char *bookmark)
{
    OmenFileSource *self = g_object_new(OMEN_TYPE_FILE_SOURCE, "name", name, "provenance",
                                        (int) provenance, "bookmark", bookmark, NULL);

    self->files = omen_file_watcher_ref(files);
    self->path = g_strdup(path);
    self->parse = parse;
    return OMEN_SOURCE(self);
}
