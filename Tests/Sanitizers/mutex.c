/*
 * Tells the thread sanitizer about Synchronization.Mutex; Scripts/sanitize.sh links it into what it builds.
 *
 * A mutex that nobody waits for is locked and unlocked by atomics in the code that uses it, which the sanitizer
 * sees. Whoever has to wait calls into libswiftSynchronization, which is not instrumented, and the kernel hands the
 * mutex over: without these functions, which take the place of the library's, what one owner wrote and the next one
 * reads would look like a race. The names are those of Swift 6.2 and 6.3 on Linux; Tests/Sanitizers/race.swift
 * shows whether they still fit.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define HANDLE "$s15Synchronization12_MutexHandle"
#define LOCK HANDLE "V9_lockSlowyys6UInt32VF"
#define TRY_LOCK HANDLE "V12_tryLockSlowSbyF"
#define UNLOCK HANDLE "V11_unlockSlowyyF"

#define SWIFT __attribute__((swiftcall))
/* Swift passes `self` in a register of its own. */
#define SELF __attribute__((swift_context)) void *

void __tsan_acquire(void *address);
void __tsan_release(void *address);

SWIFT void lock_slow(uint32_t thread, SELF handle) __asm__(LOCK);
SWIFT bool try_lock_slow(SELF handle) __asm__(TRY_LOCK);
SWIFT void unlock_slow(SELF handle) __asm__(UNLOCK);

SWIFT void lock_slow(uint32_t thread, SELF handle) {
    ((SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, LOCK))(thread, handle);
    __tsan_acquire(handle);
}

SWIFT bool try_lock_slow(SELF handle) {
    bool is_locked = ((SWIFT bool (*)(SELF))dlsym(RTLD_NEXT, TRY_LOCK))(handle);
    if (is_locked) __tsan_acquire(handle);
    return is_locked;
}

SWIFT void unlock_slow(SELF handle) {
    __tsan_release(handle);
    ((SWIFT void (*)(SELF))dlsym(RTLD_NEXT, UNLOCK))(handle);
}
