/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "screen.h"

#include "command.h"

#include <glib-unix.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define DEFAULT_WIDTH  80
#define DEFAULT_HEIGHT 24

struct Screen {
    guint width;
    guint height;
    guint n_lines;
    GString *frame;
    gboolean has_colour;
    gboolean has_keys;
    struct termios before;
    guint key_source;
    GSourceFunc on_quit;
    gpointer user_data;
};

static const char *const styles[] = {"",         "\033[1m",  "\033[2m",
                                     "\033[32m", "\033[33m", "\033[1;31m"};

static gboolean
on_key(int fd, GIOCondition condition, gpointer user_data)
{
    Screen *self = user_data;
    char key;

    if (read(fd, &key, 1) != 1 || condition & (G_IO_HUP | G_IO_ERR)) {
        self->key_source = 0;
        return G_SOURCE_REMOVE;
    }
    if (key == 'q')
        self->on_quit(self->user_data);
    return G_SOURCE_CONTINUE;
}

/* Keys come at once and are not shown. */
static void
take_keys(Screen *self)
{
    struct termios now;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &self->before) != 0)
        return;
    now = self->before;
    now.c_lflag &= ~(tcflag_t) (ICANON | ECHO);
    self->has_keys = tcsetattr(STDIN_FILENO, TCSANOW, &now) == 0;
    self->key_source = g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_key, self);
}

Screen *
screen_open(GSourceFunc on_quit, gpointer user_data)
{
    Screen *self = g_new0(Screen, 1);

    self->frame = g_string_new(NULL);
    self->has_colour = command_has_colour();
    self->on_quit = on_quit;
    self->user_data = user_data;
    take_keys(self);
    fputs("\033[?1049h\033[?25l", stdout);
    return self;
}

void
screen_close(Screen *self)
{
    g_clear_handle_id(&self->key_source, g_source_remove);
    fputs("\033[?25h\033[?1049l", stdout);
    fflush(stdout);
    if (self->has_keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &self->before);
    g_string_free(self->frame, TRUE);
    g_free(self);
}

guint
screen_get_width(const Screen *self)
{
    return self->width;
}

void
screen_begin(Screen *self)
{
    struct winsize size = {0};

    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    self->width = size.ws_col > 0 ? size.ws_col : DEFAULT_WIDTH;
    self->height = size.ws_row > 0 ? size.ws_row : DEFAULT_HEIGHT;
    self->n_lines = 0;
    g_string_assign(self->frame, "\033[H");
}

char *
screen_cut(const char *text, guint width)
{
    GString *out = g_string_new(NULL);
    guint used = 0;

    for (; *text; text = g_utf8_next_char(text)) {
        gunichar character = g_utf8_get_char(text);
        guint columns = g_unichar_iszerowidth(character) ? 0 : g_unichar_iswide(character) ? 2 : 1;
        if (used + columns > width)
            break;
        g_string_append_unichar(out, character);
        used += columns;
    }
    return g_string_free(out, FALSE);
}

void
screen_add(Screen *self, ScreenStyle style, const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autofree char *cut = NULL;
    va_list arguments;

    if (self->n_lines >= self->height)
        return;
    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    cut = screen_cut(text, self->width);
    /* No line feed after the last line: it would move all of them. */
    if (self->n_lines++ > 0)
        g_string_append(self->frame, "\r\n");
    g_string_append_printf(self->frame, "%s%s%s\033[K", self->has_colour ? styles[style] : "", cut,
                           self->has_colour && style != SCREEN_PLAIN ? "\033[0m" : "");
}

void
screen_show(Screen *self)
{
    g_string_append(self->frame, "\033[J");
    fputs(self->frame->str, stdout);
    fflush(stdout);
}

static gboolean
has_blocks(void)
{
    return g_get_charset(NULL);
}

char *
screen_sparkline(const double *values, gsize n, guint width)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const letters[] = {"_", ".", "-", "~", "=", "+", "*", "#"};
    const char *const *steps = has_blocks() ? blocks : letters;
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < width; i++) {
        gsize from = n * i / width;
        gsize to = MAX(n * (i + 1) / width, from + 1);
        double highest = 0;
        for (gsize j = from; j < to && j < n; j++)
            highest = MAX(highest, values[j]);
        g_string_append(out, steps[(guint) (CLAMP(highest, 0, 1) * 7 + 0.5)]);
    }
    return g_string_free(out, FALSE);
}

char *
screen_bar(double share, guint width)
{
    const char *full = has_blocks() ? "█" : "#";
    const char *empty = has_blocks() ? "░" : ".";
    guint filled = (guint) (CLAMP(share, 0, 1) * width + 0.5);
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < width; i++)
        g_string_append(out, i < filled ? full : empty);
    return g_string_free(out, FALSE);
}
