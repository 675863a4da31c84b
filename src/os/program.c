/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/program.h"

#include <link.h>
#include <string.h>
#include <unistd.h>

int program_folder(char *ret_path, size_t size, struct error *error)
{
        char path[4096];

        ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
        if (length < 0)
                return error_set(error, -errno, "/proc/self/exe: %s", strerrordesc_np(errno));
        path[length] = '\0';
        char *end = strrchr(path, '/');
        if (!end)
                return error_set(error, -EINVAL, "/proc/self/exe: is no path");
        end[end == path] = '\0';
        size_t used = strlen(path);
        if (used >= size)
                return error_set(error, -ENAMETOOLONG, "%.100s...: the path is too long", path);
        memcpy(ret_path, path, used + 1);
        return 0;
}

static int find_loader(struct dl_phdr_info *object, size_t size, void *context)
{
        const char **ret_loader = context;

        (void)size;
        for (unsigned i = 0; i < object->dlpi_phnum; i++)
                if (object->dlpi_phdr[i].p_type == PT_INTERP)
                        *ret_loader = (const char *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
        return 1; /* the first is the program itself */
}

const char *program_loader(void)
{
        const char *loader = NULL;

        dl_iterate_phdr(find_loader, &loader);
        return loader;
}
