/*
 * Makes the disk fail for one program, when it is loaded with LD_PRELOAD.
 *
 * While the file FAULTY_DISK_SWITCH exists and holds "write 28", every write to a file in the folder
 * FAULTY_DISK_FOLDER fails with errno 28 (ENOSPC); "sync 5" does that to every fdatasync with EIO. These are
 * the functions that SQLite calls.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Whether `operation` on `descriptor` is to fail now; errno says how. */
static int fails(const char *operation, int descriptor) {
    const char *folder = getenv("FAULTY_DISK_FOLDER");
    const char *name = getenv("FAULTY_DISK_SWITCH");
    if (folder == NULL || name == NULL) return 0;

    char link[64], path[4096], failing[16];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (strncmp(path, folder, strlen(folder)) != 0) return 0;

    int saved = errno, number = 0;
    FILE *file = fopen(name, "re");
    errno = saved;
    if (file == NULL) return 0;
    int fields = fscanf(file, "%15s %d", failing, &number);
    fclose(file);
    errno = saved;
    if (fields != 2 || strcmp(failing, operation) != 0) return 0;
    errno = number;
    return 1;
}

#define NEXT(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

ssize_t write(int descriptor, const void *bytes, size_t count) {
    if (fails("write", descriptor)) return -1;
    return NEXT(ssize_t, "write", int, const void *, size_t)(descriptor, bytes, count);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    if (fails("write", descriptor)) return -1;
    return NEXT(ssize_t, "pwrite64", int, const void *, size_t, off64_t)(descriptor, bytes, count, offset);
}

int ftruncate64(int descriptor, off64_t size) {
    if (fails("write", descriptor)) return -1;
    return NEXT(int, "ftruncate64", int, off64_t)(descriptor, size);
}

int fdatasync(int descriptor) {
    if (fails("sync", descriptor)) return -1;
    return NEXT(int, "fdatasync", int)(descriptor);
}
