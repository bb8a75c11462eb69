/*
 * rig - a folder of the test's own, a small file system where the kernel lets us have one, files in it, and the loop.
 */
#ifndef TESTS_UNIT_IO_RIG_H
#define TESTS_UNIT_IO_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <uv.h>

#define RIG_LOOP_MS 20000u

static char rig_folder[64];
static bool rig_may_mount;
static bool rig_mounted;

static inline bool rig_map_user(const char *path, unsigned id)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && dprintf(fd, "0 %u 1", id) > 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/*
 * Called first in main(), before there is any thread: mounts of our own vanish with us, whatever happens. Who may not
 * mount may do so as the root of a user namespace, where the kernel lets everyone have one.
 */
static inline void rig_own_mounts(void)
{
	unsigned uid = geteuid(), gid = getegid();

	if (unshare(CLONE_NEWNS) != 0) {
		int fd;

		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || !rig_map_user("/proc/self/uid_map", uid))
			return;
		if ((fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC)) >= 0) {
			dprintf(fd, "deny");
			close(fd);
		}
		if (!rig_map_user("/proc/self/gid_map", gid))
			return;
	}
	rig_may_mount = mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static inline int rig_setup(void **state)
{
	(void)state;
	snprintf(rig_folder, sizeof(rig_folder), "/tmp/gu-io-XXXXXX");
	return mkdtemp(rig_folder) ? 0 : -1;
}

static inline int rig_remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline int rig_teardown(void **state)
{
	(void)state;
	if (rig_mounted)
		umount2(rig_folder, MNT_DETACH);
	rig_mounted = false;
	chmod(rig_folder, 0755);
	return nftw(rig_folder, rig_remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* the folder becomes a file system of @options ("size=256k"); a second call changes it */
static inline bool rig_small_disk(const char *options)
{
	if (!rig_may_mount) {
		print_message("SKIPPED: no right to mount a small file system here; run it as root\n");
		return false;
	}
	if (mount("tmpfs", rig_folder, "tmpfs", rig_mounted ? MS_REMOUNT : 0, options) != 0)
		fail_msg("mount %s: %s", options, strerror(errno));
	rig_mounted = true;
	return true;
}

static inline const char *rig_path(const char *name)
{
	static char paths[8][512];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", rig_folder, name);
	return path;
}

static inline void rig_write(const char *path, const void *bytes, size_t n)
{
	FILE *file = fopen(path, "we");

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static inline void rig_write_text(const char *path, const char *text)
{
	rig_write(path, text, strlen(text));
}

/* Return: the file's length; -1 if there is none */
static inline long rig_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static inline void rig_on_timeout(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

static inline void rig_on_closed(uv_handle_t *handle)
{
	*(bool *)handle->data = true;
}

/* runs the loop until *@flag; a test that waits for what never comes fails instead of hanging */
static inline void rig_run_until(uv_loop_t *loop, const bool *flag)
{
	bool late = false, closed = false;
	uv_timer_t timer;

	uv_timer_init(loop, &timer);
	timer.data = &late;
	uv_timer_start(&timer, rig_on_timeout, RIG_LOOP_MS, 0);
	while (!*flag && !late)
		uv_run(loop, UV_RUN_ONCE);
	timer.data = &closed;
	uv_close((uv_handle_t *)&timer, rig_on_closed);
	while (!closed)
		uv_run(loop, UV_RUN_ONCE);
	if (late)
		fail_msg("nothing came in %u ms", RIG_LOOP_MS);
}

static inline void rig_close_loop(uv_loop_t *loop)
{
	uv_run(loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(loop), 0);
}

static inline void rig_expect_words(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' does not say '%s'", text, words);
}

#endif
