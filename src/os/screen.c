/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/screen.h"

#include "base/buffer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* ECMA-48 and the private modes that xterm gave it: other screen, cursor shown. */
#define OTHER_SCREEN "\x1b[?1049h\x1b[?25l"
#define OWN_SCREEN "\x1b[?25h\x1b[?1049l"
#define HOME "\x1b[H"
#define CLEAR_LINE "\x1b[K"
#define CLEAR_REST "\x1b[J"

#define PAGE_MAX (4u << 20)

static struct {
        bool is_begun;
        struct termios before;
        sigset_t signals; /* while it is waited */
} screen;

static volatile sig_atomic_t resized, end_asked;
static const int caught[] = {SIGWINCH, SIGINT, SIGTERM, SIGHUP};

static void on_signal(int number)
{
        if (number == SIGWINCH)
                resized = 1;
        else
                end_asked = 1;
}

static bool is_dumb(void)
{
        const char *terminal = getenv("TERM");

        return !terminal || !terminal[0] || strcmp(terminal, "dumb") == 0;
}

bool screen_is_there(void)
{
        return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !is_dumb();
}

bool screen_has_colour(void)
{
        const char *no = getenv("NO_COLOR");

        return isatty(STDOUT_FILENO) && !is_dumb() && !(no && no[0]);
}

static void write_all(const void *bytes, size_t length)
{
        for (size_t done = 0; done < length;) {
                ssize_t went = write(STDOUT_FILENO, (const char *)bytes + done, length - done);
                if (went < 0 && errno != EINTR) {
                        end_asked = end_asked || errno != EAGAIN;
                        return;
                }
                done += went > 0 ? (size_t)went : 0;
        }
}

int screen_begin(struct error *error)
{
        struct sigaction action = {.sa_handler = on_signal};
        struct termios raw;
        sigset_t blocked;

        if (tcgetattr(STDIN_FILENO, &screen.before) < 0)
                return error_set(error, -errno, "terminal: %s", strerrordesc_np(errno));
        raw = screen.before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        /* Stopped by a key it would leave the terminal like this. */
        raw.c_cc[VSUSP] = _POSIX_VDISABLE;
        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) < 0)
                return error_set(error, -errno, "terminal: %s", strerrordesc_np(errno));
        sigemptyset(&blocked);
        for (unsigned i = 0; i < sizeof caught / sizeof *caught; i++) {
                sigaddset(&blocked, caught[i]);
                sigaction(caught[i], &action, NULL);
        }
        sigprocmask(SIG_BLOCK, &blocked, &screen.signals);
        screen.is_begun = true;
        write_all(OTHER_SCREEN, sizeof OTHER_SCREEN - 1);
        return 0;
}

void screen_end(void)
{
        if (!screen.is_begun)
                return;
        screen.is_begun = false;
        write_all(OWN_SCREEN, sizeof OWN_SCREEN - 1);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen.before);
        for (unsigned i = 0; i < sizeof caught / sizeof *caught; i++)
                signal(caught[i], SIG_DFL);
        sigprocmask(SIG_SETMASK, &screen.signals, NULL);
}

void screen_size(unsigned *ret_width, unsigned *ret_height)
{
        struct winsize size = {0};

        ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
        *ret_width = size.ws_col ? size.ws_col : 80;
        *ret_height = size.ws_row ? size.ws_row : 24;
}

void screen_draw(struct slice page)
{
        struct buffer frame = buffer_make(PAGE_MAX);

        /* Every line clears what stood behind it, so that nothing flickers. */
        buffer_append_text(&frame, HOME);
        while (page.length > 0) {
                struct slice line = slice_cut(&page, '\n');
                buffer_append(&frame, line.text, line.length);
                buffer_append_text(&frame, CLEAR_LINE);
                if (page.length > 0)
                        buffer_append_u8(&frame, '\n');
        }
        buffer_append_text(&frame, CLEAR_REST);
        if (!frame.failed)
                write_all(frame.bytes, frame.length);
        buffer_free(&frame);
}

/* Keys that are a sequence (ECMA-48, as xterm sends them, with either mode of its cursor keys). */
static int key_of(const char *bytes, size_t length)
{
        static const struct {
                const char *bytes;
                int key;
        } keys[] = {{"\x1b[A", SCREEN_UP}, {"\x1bOA", SCREEN_UP}, {"\x1b[B", SCREEN_DOWN},
                {"\x1bOB", SCREEN_DOWN}, {"\x1b[5~", SCREEN_PAGE_UP}, {"\x1b[6~", SCREEN_PAGE_DOWN}};

        for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
                if (length == strlen(keys[i].bytes) && memcmp(bytes, keys[i].bytes, length) == 0)
                        return keys[i].key;
        return bytes[0] == '\x1b' ? SCREEN_NONE : (unsigned char)bytes[0];
}

int screen_wait(int64_t ms)
{
        struct timespec patience = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
        struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
        char bytes[16];

        int ready = end_asked || resized ? 0 : ppoll(&wait, 1, &patience, &screen.signals);
        if (end_asked)
                return SCREEN_END;
        if (resized) {
                resized = 0;
                return SCREEN_RESIZED;
        }
        if (ready <= 0)
                return SCREEN_NONE;
        ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
                return SCREEN_NONE;
        return got <= 0 ? SCREEN_END : key_of(bytes, (size_t)got);
}
