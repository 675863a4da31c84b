/* SPDX-License-Identifier: EUPL-1.2 */
/* Runs a fuzz target over every file of its corpus folder, so that what once broke a decoder stays a test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static int run_file(const char *path)
{
        FILE *file = fopen(path, "rb");
        if (!file) {
                perror(path);
                return 1;
        }
        fseek(file, 0, SEEK_END);
        long size = ftell(file);
        rewind(file);
        uint8_t *bytes = malloc(size > 0 ? (size_t)size : 1);
        size_t length = bytes ? fread(bytes, 1, (size_t)size, file) : 0;
        fclose(file);
        LLVMFuzzerTestOneInput(bytes, length);
        free(bytes);
        return 0;
}

int main(int count, char **arguments)
{
        char path[4096];
        int files = 0;

        DIR *folder = count == 2 ? opendir(arguments[1]) : NULL;
        if (!folder) {
                fprintf(stderr, "usage: %s CORPUS-FOLDER\n", arguments[0]);
                return 2;
        }
        for (struct dirent *entry; (entry = readdir(folder));) {
                if (entry->d_name[0] == '.')
                        continue;
                snprintf(path, sizeof path, "%s/%s", arguments[1], entry->d_name);
                if (run_file(path))
                        return 1;
                files++;
        }
        closedir(folder);
        printf("%d corpus files\n", files);
        return files ? 0 : 1;
}
