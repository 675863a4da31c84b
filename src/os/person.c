/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/person.h"

#include "base/slice.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DESCRIBED_MAX 110

/* Who was described last: glibc looks for nscd's socket at the first lookup of a process and at every
 * hundredth behind it, and a process that is confined must not. */
static struct {
        bool is_known;
        uid_t uid;
        char text[DESCRIBED_MAX];
} described;

static void describe_uid(uid_t uid, char *text, size_t size)
{
        char names[4096];
        struct passwd entry, *found = NULL;

        if (!described.is_known || described.uid != uid) {
                if (getpwuid_r(uid, &entry, names, sizeof names, &found) == 0 && found)
                        snprintf(described.text, DESCRIBED_MAX, "uid %lu (%.64s)", (unsigned long)uid,
                                found->pw_name);
                else
                        snprintf(
                                described.text, DESCRIBED_MAX, "uid %lu (no login name)", (unsigned long)uid);
                described.uid = uid;
                described.is_known = true;
        }
        snprintf(text, size, "%s", described.text);
}

static bool acts_for;
static uid_t for_uid;

char *person_describe(char text[PERSON_TEXT_MAX])
{
        if (acts_for) {
                describe_uid(for_uid, text, PERSON_TEXT_MAX);
                return text;
        }

        char own[DESCRIBED_MAX], before[DESCRIBED_MAX];
        const char *sudo = getenv("SUDO_UID");
        uint64_t uid;

        describe_uid(getuid(), own, sizeof own);
        if (getuid() == 0 && sudo && slice_number(slice_of(sudo), UINT32_MAX - 1, &uid) == 0) {
                describe_uid((uid_t)uid, before, sizeof before);
                snprintf(text, PERSON_TEXT_MAX, "%s, by sudo from %s", own, before);
        } else {
                snprintf(text, PERSON_TEXT_MAX, "%s", own);
        }
        return text;
}

void person_act_for(unsigned uid)
{
        acts_for = true;
        for_uid = (uid_t)uid;
}

static void name_uid(uid_t uid, char text[PERSON_LOGIN_MAX])
{
        char names[4096];
        struct passwd entry, *found = NULL;

        if (getpwuid_r(uid, &entry, names, sizeof names, &found) == 0 && found &&
                strlen(found->pw_name) < PERSON_LOGIN_MAX)
                snprintf(text, PERSON_LOGIN_MAX, "%s", found->pw_name);
        else
                snprintf(text, PERSON_LOGIN_MAX, "uid-%lu", (unsigned long)uid);
}

char *person_login(char text[PERSON_LOGIN_MAX])
{
        const char *sudo = getenv("SUDO_UID");
        uint64_t uid;

        if (acts_for)
                name_uid(for_uid, text);
        else if (getuid() == 0 && sudo && slice_number(slice_of(sudo), UINT32_MAX - 1, &uid) == 0)
                name_uid((uid_t)uid, text);
        else
                name_uid(getuid(), text);
        return text;
}
