/* SPDX-License-Identifier: EUPL-1.2 */
/* Linked into the programs as tests run them, in the place of the functions that meson.build names: one
 * account of a machine plays several people, and clocks show what a test wants. No installed program has it.
 *
 *   ROGATORY_PRETEND_LOGIN   who calls
 *   ROGATORY_PRETEND_CLOCK   a file with a number: so many milliseconds is this clock ahead
 *   ROGATORY_PRETEND_ROOM    a file with a number: so many bytes does the disk have left; "": as many as it
 * has */
#include "os/pass.h"
#include "os/person.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define AHEAD_BYTES 32
#define WORD "pretend-login="

int64_t __real_clock_now_ms(void);
int64_t __wrap_clock_now_ms(void);
char *__real_person_login(char text[PERSON_LOGIN_MAX]);
char *__wrap_person_login(char text[PERSON_LOGIN_MAX]);
int __real_pass_send(int, const void *, size_t, const int *, size_t, struct error *);
int __wrap_pass_send(int, const void *, size_t, const int *, size_t, struct error *);
int __real_pass_receive(int, void *, size_t, size_t *, int *, size_t, struct error *);
int __wrap_pass_receive(int, void *, size_t, size_t *, int *, size_t, struct error *);

int __real_statvfs64(const char *, struct statvfs *);
int __wrap_statvfs64(const char *, struct statvfs *);

static const char *ahead, *room;
static char asker[PERSON_LOGIN_MAX];

static const char *map_number(const char *path)
{
        int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

        if (file < 0)
                return NULL;
        void *mapped = mmap(NULL, AHEAD_BYTES, PROT_READ, MAP_SHARED, file, 0);
        close(file);
        return mapped == MAP_FAILED ? NULL : mapped;
}

/* Mapped before the process is confined, so that it goes on showing what stands in the file. */
__attribute__((constructor)) static void map_numbers(void)
{
        ahead = map_number(getenv("ROGATORY_PRETEND_CLOCK"));
        room = map_number(getenv("ROGATORY_PRETEND_ROOM"));
}

int __wrap_statvfs64(const char *path, struct statvfs *ret)
{
        char text[AHEAD_BYTES + 1] = "";
        int r = __real_statvfs64(path, ret);

        if (room)
                memcpy(text, room, AHEAD_BYTES);
        if (r == 0 && text[strspn(text, " \n")] != '\0')
                ret->f_bavail = (fsblkcnt_t)(strtoull(text, NULL, 10) / ret->f_frsize);
        return r;
}

int64_t __wrap_clock_now_ms(void)
{
        char text[AHEAD_BYTES + 1] = "";

        if (ahead)
                memcpy(text, ahead, AHEAD_BYTES);
        return __real_clock_now_ms() + strtoll(text, NULL, 10);
}

char *__wrap_person_login(char text[PERSON_LOGIN_MAX])
{
        const char *login = *asker ? asker : getenv("ROGATORY_PRETEND_LOGIN");

        if (!login)
                return __real_person_login(text);
        snprintf(text, PERSON_LOGIN_MAX, "%s", login);
        return text;
}

/* Whoever calls says as whom, behind his words. */
int __wrap_pass_send(
        int s, const void *bytes, size_t length, const int *descriptors, size_t count, struct error *error)
{
        const char *login = getenv("ROGATORY_PRETEND_LOGIN");
        char all[PASS_BYTES_MAX];

        if (!login || length + sizeof WORD + strlen(login) > sizeof all)
                return __real_pass_send(s, bytes, length, descriptors, count, error);
        memcpy(all, bytes, length);
        int more = snprintf(all + length, sizeof all - length, WORD "%s", login);
        return __real_pass_send(s, all, length + (size_t)more + 1, descriptors, count, error);
}

int __wrap_pass_receive(int s, void *bytes, size_t size, size_t *ret_length, int *ret_descriptors,
        size_t count, struct error *error)
{
        int r = __real_pass_receive(s, bytes, size, ret_length, ret_descriptors, count, error);
        char *text = bytes, *word = NULL;

        if (r < 0 || *ret_length == 0 || text[*ret_length - 1] != '\0')
                return r;
        for (char *at = text; at < text + *ret_length; at += strlen(at) + 1)
                word = at;
        if (word && strncmp(word, WORD, strlen(WORD)) == 0) {
                snprintf(asker, sizeof asker, "%s", word + strlen(WORD));
                *ret_length = (size_t)(word - text);
        }
        return r;
}
