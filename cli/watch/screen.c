/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "screen.h"

#include "command.h"

#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
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
    ScreenKeyFunc on_key;
    gpointer user_data;
};

static const char *const styles[] = {"",         "\033[1m",  "\033[2m",
                                     "\033[32m", "\033[33m", "\033[1;31m"};

/* What a terminal sends for keys that are no characters (ECMA-48, and xterm's and Linux's own). */
static const struct {
    const char *sequence;
    ScreenKey key;
} sequences[] = {
    {"\033[A", SCREEN_KEY_UP},       {"\033OA", SCREEN_KEY_UP},
    {"\033[B", SCREEN_KEY_DOWN},     {"\033OB", SCREEN_KEY_DOWN},
    {"\033[5~", SCREEN_KEY_PAGE_UP}, {"\033[6~", SCREEN_KEY_PAGE_DOWN},
    {"\033[H", SCREEN_KEY_HOME},     {"\033OH", SCREEN_KEY_HOME},
    {"\033[1~", SCREEN_KEY_HOME},    {"\033[F", SCREEN_KEY_END},
    {"\033OF", SCREEN_KEY_END},      {"\033[4~", SCREEN_KEY_END},
    {"\r", SCREEN_KEY_ENTER},        {"\n", SCREEN_KEY_ENTER},
    {"\177", SCREEN_KEY_BACKSPACE},  {"\b", SCREEN_KEY_BACKSPACE},
};

/* The key that @text begins with; returns how many bytes it is long. */
static gsize
take_key(Screen *self, const char *text)
{
    gunichar character = g_utf8_get_char_validated(text, -1);

    for (gsize i = 0; i < G_N_ELEMENTS(sequences); i++) {
        if (!g_str_has_prefix(text, sequences[i].sequence))
            continue;
        self->on_key(sequences[i].key, 0, self->user_data);
        return strlen(sequences[i].sequence);
    }
    if (*text == '\033') {
        /* A sequence that is not known is left out whole, a key of its own is Escape. */
        gsize length =
            text[1] == '[' || text[1] == 'O' ? 2 + strcspn(text + 2, "~ABCDEFGHPQRS") : 0;
        if (length == 0)
            self->on_key(SCREEN_KEY_ESCAPE, 0, self->user_data);
        return length == 0 ? 1 : MIN(length + 1, strlen(text));
    }
    if (character == (gunichar) -1 || character == (gunichar) -2)
        return 1;
    if (!g_unichar_iscntrl(character))
        self->on_key(SCREEN_KEY_TEXT, character, self->user_data);
    return (gsize) (g_utf8_next_char(text) - text);
}

static gboolean
on_input(int fd, GIOCondition condition, gpointer user_data)
{
    Screen *self = user_data;
    char keys[64];
    gssize n = read(fd, keys, sizeof keys - 1);

    if (n <= 0 || condition & (G_IO_HUP | G_IO_ERR)) {
        self->key_source = 0;
        return G_SOURCE_REMOVE;
    }
    keys[n] = '\0';
    for (const char *at = keys; *at;)
        at += take_key(self, at);
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
    self->key_source = g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, self);
}

gboolean
screen_is_possible(void)
{
    const char *terminal = g_getenv("TERM");

    return isatty(STDOUT_FILENO) && terminal && *terminal && !g_str_equal(terminal, "dumb");
}

Screen *
screen_open(ScreenKeyFunc on_key, gpointer user_data)
{
    Screen *self = g_new0(Screen, 1);

    self->frame = g_string_new(NULL);
    self->has_colour = command_has_colour();
    self->on_key = on_key;
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

guint
screen_get_height(const Screen *self)
{
    return self->height;
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

static guint
count_columns(const char *text)
{
    guint n = 0;

    for (; *text; text = g_utf8_next_char(text)) {
        gunichar character = g_utf8_get_char(text);
        n += g_unichar_iszerowidth(character) ? 0 : g_unichar_iswide(character) ? 2 : 1;
    }
    return n;
}

static gboolean
has_blocks(void)
{
    return g_get_charset(NULL);
}

char *
screen_fit(const char *text, guint width)
{
    g_autofree char *cut = NULL;

    if (width == 0 || count_columns(text) <= width)
        return screen_cut(text, width);
    cut = screen_cut(text, width - 1);
    return g_strconcat(cut, has_blocks() ? "…" : ">", NULL);
}

char *
screen_pad(const char *text, guint width)
{
    g_autofree char *fitted = screen_fit(text, width);

    return g_strdup_printf("%s%*s", fitted, (int) (width - count_columns(fitted)), "");
}

/* A line of at most @width columns that @text begins with; returns how many bytes of @text it is.
 */
static gsize
take_line(const char *text, guint width, GPtrArray *lines)
{
    gsize end = strcspn(text, "\n");
    g_autofree char *whole = g_strndup(text, end);
    char *line = screen_cut(whole, width);
    gsize length = strlen(line);
    char *blank;

    g_ptr_array_add(lines, line);
    if (length == end)
        return end + (text[end] == '\n' ? 1 : 0);
    if (length == 0)
        return (gsize) (g_utf8_next_char(text) - text);
    blank = strrchr(line + strspn(line, " "), ' ');
    if (blank && whole[length] != ' ') {
        *blank = '\0';
        length = (gsize) (blank - line);
    }
    return length + strspn(text + length, " ");
}

GPtrArray *
screen_wrap(const char *text, guint width)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);

    while (*text)
        text += take_line(text, MAX(width, 1), lines);
    return lines;
}

/* Takes @text. */
static void
add_line(Screen *self, const char *style, char *text)
{
    g_autofree char *fitted = screen_fit(text, self->width);
    gboolean is_styled = self->has_colour && *style;

    g_free(text);
    if (self->n_lines >= self->height)
        return;
    /* No line feed after the last line: it would move all of them. */
    if (self->n_lines++ > 0)
        g_string_append(self->frame, "\r\n");
    g_string_append_printf(self->frame, "%s%s%s\033[K", is_styled ? style : "", fitted,
                           is_styled ? "\033[0m" : "");
}

void
screen_add(Screen *self, ScreenStyle style, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_line(self, styles[style], g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void
screen_add_chosen(Screen *self, ScreenStyle style, const char *text)
{
    g_autofree char *code = g_strconcat(styles[style], "\033[7m", NULL);

    /* Without colour the mark at its beginning tells it. */
    add_line(self, code, g_strconcat(">", *text == ' ' ? text + 1 : text, NULL));
}

void
screen_show(Screen *self)
{
    g_string_append(self->frame, "\033[J");
    fputs(self->frame->str, stdout);
    fflush(stdout);
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
