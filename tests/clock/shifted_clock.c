/* Moves the wall clock of a process by SHIFTED_CLOCK_SECONDS; loaded with LD_PRELOAD by tests/clock/run.

   The monotonic clock stays, so that waiting takes as long as ever. Absolute wall-clock deadlines are moved back before
   the kernel sees them, which does not know the other time. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

static time_t shift(void) {
    static time_t seconds;
    static int known;
    if (!known) {
        const char *text = getenv("SHIFTED_CLOCK_SECONDS");
        seconds = text ? strtol(text, NULL, 10) : 0;
        known = 1;
    }
    return seconds;
}

static long real_syscall(long number, long a, long b, long c, long d, long e, long f) {
    static __typeof__(syscall) *next;
    if (!next) next = REAL(syscall);
    return next(number, a, b, c, d, e, f);
}

static int is_wall(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static __typeof__(clock_gettime) *next;
    if (!next) next = REAL(clock_gettime);
    int result = next(clock, now);
    if (result == 0 && is_wall(clock)) now->tv_sec += shift();
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec at;
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &at);
    now->tv_sec = at.tv_sec;
    now->tv_usec = at.tv_nsec / 1000;
    return result;
}

time_t time(time_t *result) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (result) *result = at.tv_sec;
    return at.tv_sec;
}

/* A condition variable may count by the monotonic clock; its deadlines are decades away from the wall clock's. */
static struct timespec moved_back(const struct timespec *deadline) {
    struct timespec now, moved = *deadline;
    clock_gettime(CLOCK_REALTIME, &now);
    if (labs(deadline->tv_sec - now.tv_sec) < 10 * 86400) moved.tv_sec -= shift();
    return moved;
}

int sem_timedwait(sem_t *sem, const struct timespec *deadline) {
    struct timespec moved = moved_back(deadline);
    return REAL(sem_timedwait)(sem, &moved);
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *deadline) {
    struct timespec moved = moved_back(deadline);
    return REAL(pthread_cond_timedwait)(cond, mutex, &moved);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *deadline) {
    struct timespec moved = moved_back(deadline);
    return REAL(pthread_mutex_timedlock)(mutex, &moved);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
    struct timespec moved = *until;
    if (is_wall(clock) && (flags & TIMER_ABSTIME)) moved = moved_back(until);
    return REAL(clock_nanosleep)(clock, flags, &moved, left);
}

/* gRPC waits for a futex by the wall clock. */
long syscall(long number, ...) {
    va_list arguments;
    long a[6];
    va_start(arguments, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number == SYS_futex && (a[1] & FUTEX_CLOCK_REALTIME) && a[3]) {
        struct timespec moved = moved_back((const struct timespec *)a[3]);
        return real_syscall(number, a[0], a[1], a[2], (long)&moved, a[4], a[5]);
    }
    return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
