/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatoryd/setting.h"

#include "os/file.h"
#include "os/log.h"
#include "upkeep/configuration.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_NAME "rogatory.conf"

int setting_check(const char *path)
{
        struct configuration_report report;
        char quoted[LOG_QUOTED_MAX], file[LOG_QUOTED_MAX];
        struct error error = {0};

        int r = configuration_check(path, &report, &error);
        if (r < 0) {
                log_event(LOG_FATAL, "configuration-unreadable", "text=%s", log_quote(error.text, quoted));
                return r;
        }
        for (size_t i = 0; i < report.count; i++)
                log_event(LOG_FAILURE, "configuration-mistake", "file=%s line=%u text=%s",
                        log_quote(report.mistakes[i].file, file), report.mistakes[i].line,
                        log_quote(report.mistakes[i].text, quoted));
        r = report.count ? -EINVAL : 0;
        configuration_report_free(&report);
        return r;
}

/* The store of a node is the folder of its rogatory.conf: all programs find it there. */
static int find_folder(const char *path, char ret_folder[SETTING_PATH_MAX], struct error *error)
{
        char whole[PATH_MAX];
        struct stat status;

        if (!realpath(path, whole) || stat(whole, &status) < 0)
                return error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        if (!S_ISDIR(status.st_mode)) {
                char *end = strrchr(whole, '/');
                if (!end || strcmp(end + 1, FILE_NAME) != 0)
                        return error_set(error, -EINVAL,
                                "%s: a node is configured by the file " FILE_NAME
                                " of its store; 'rogatory init' makes one",
                                path);
                end[end == whole] = '\0';
        }
        memcpy(ret_folder, whole, strlen(whole) + 1);
        return 0;
}

static int parse(
        const struct buffer *text, const char *path, struct settings *ret_settings, struct error *error)
{
        struct settings_problem problem;
        size_t count = 0;

        int r = settings_parse((const char *)text->bytes, text->length, ret_settings, &problem, 1, &count);
        if (r == -EINVAL)
                return error_set(error, r, "%s:%u: %s", path, problem.line, problem.text);
        return r < 0 ? error_set(error, r, "%s: not enough memory", path) : 0;
}

static int name_ask_socket(struct setting *setting, struct error *error)
{
        const char *given = setting->settings.node.ask_socket;
        int length = given[0] ? snprintf(setting->ask_path, sizeof setting->ask_path, "%s", given)
                              : snprintf(setting->ask_path, sizeof setting->ask_path, "%s/ask.socket",
                                        setting->folder);

        return length >= 0 && (size_t)length < sizeof setting->ask_path
                       ? 0
                       : error_set(error, -ENAMETOOLONG,
                                 "%s: the path is too long for the socket ask.socket in it; name a shorter "
                                 "one with ask-socket in [node]",
                                 setting->folder);
}

int setting_load(const char *path, struct setting *ret_setting, struct error *error)
{
        struct buffer text = buffer_make(SETTINGS_FILE_MAX + 1);
        struct setting setting = {.folder = ""};
        char file[SETTING_PATH_MAX + sizeof FILE_NAME + 1];

        int r = find_folder(path, setting.folder, error);
        if (r < 0)
                return r;
        snprintf(file, sizeof file, "%s/" FILE_NAME, setting.folder);
        r = file_read(file, &text, error);
        if (r == 0)
                r = parse(&text, file, &setting.settings, error);
        buffer_free(&text);
        if (r < 0)
                return r;
        r = name_ask_socket(&setting, error);
        if (r < 0) {
                settings_free(&setting.settings);
                return r;
        }
        *ret_setting = setting;
        return 0;
}

void setting_free(struct setting *setting)
{
        settings_free(&setting->settings);
}
