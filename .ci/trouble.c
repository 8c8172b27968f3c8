// A libvulkan.so.1 that passes everything on to the real one, until the file that TROUBLE names holds a word:
//   device    every submission to a queue fails from now on, as after a reset of the driver
//   gone      every next picture of a window's surface fails, because the device is lost
//   surface   the next picture of a window's surface fails, and that surface is lost; once
//   outdated  the same picture fails because the surface has changed; once
// It is built and loaded by .ci/graphics.sh alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void (*function)(void);
typedef function (*get_function)(void *, const char *);

enum { DEVICE_LOST = -4, SURFACE_LOST = -1000000000, OUT_OF_DATE = -1000001004 };

static get_function next_of_instance, next_of_device;
static int32_t (*next_submit)(void *, uint32_t, const void *, uint64_t);
static int32_t (*next_acquire)(void *, uint64_t, uint64_t, uint64_t, uint64_t, uint32_t *);

static int is_wanted(const char *what) {
    char word[16] = "";
    const char *path = getenv("TROUBLE");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file) {
        if (fscanf(file, "%15s", word) != 1) word[0] = 0;
        fclose(file);
    }
    return strcmp(word, what) == 0;
}

static int32_t submit(void *queue, uint32_t count, const void *submits, uint64_t fence) {
    return is_wanted("device") ? DEVICE_LOST : next_submit(queue, count, submits, fence);
}

static int32_t acquire(void *device, uint64_t chain, uint64_t wait, uint64_t semaphore, uint64_t fence, uint32_t *index) {
    if (is_wanted("gone")) return DEVICE_LOST;
    const char *words[] = {"surface", "outdated"};
    const int32_t results[] = {SURFACE_LOST, OUT_OF_DATE};
    for (int i = 0; i < 2; i++) {
        if (is_wanted(words[i])) {
            unlink(getenv("TROUBLE"));
            return results[i];
        }
    }
    return next_acquire(device, chain, wait, semaphore, fence, index);
}

static function instead(const char *name, function real) {
    if (real && strcmp(name, "vkQueueSubmit") == 0) {
        next_submit = (void *)real;
        return (function)submit;
    }
    if (real && strcmp(name, "vkAcquireNextImageKHR") == 0) {
        next_acquire = (void *)real;
        return (function)acquire;
    }
    return real;
}

static function of_device(void *device, const char *name) { return instead(name, next_of_device(device, name)); }

function vkGetInstanceProcAddr(void *instance, const char *name) {
    if (!next_of_instance) {
        void *real = dlopen(getenv("TROUBLE_VULKAN"), RTLD_NOW | RTLD_LOCAL);
        next_of_instance = real ? (get_function)dlsym(real, "vkGetInstanceProcAddr") : NULL;
        if (!next_of_instance) return NULL;
    }
    function real = next_of_instance(instance, name);
    if (strcmp(name, "vkGetInstanceProcAddr") == 0) return (function)vkGetInstanceProcAddr;
    if (real && strcmp(name, "vkGetDeviceProcAddr") == 0) {
        next_of_device = (get_function)real;
        return (function)of_device;
    }
    return instead(name, real);
}
