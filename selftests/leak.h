/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counting what the kernel holds, to see that it holds no more afterwards:
 * objects in slab caches, pinned pages, references on the module
 */
#ifndef IPCBOX_LEAK_H
#define IPCBOX_LEAK_H

#include <dirent.h>

#include "ipcbox_test.h"

#define LEAK_SLAB	"/sys/kernel/slab"
#define LEAK_CACHES	64
#define LEAK_MESSAGES	"ipcbox_message"

/*
 * Files in sysfs stay open: each opening takes memory that is given back only
 * seconds later, and would be found as a leak.
 */
struct leak_cache {
	char name[64];
	bool alone;		/* nobody else has any there */
	int shrink;
	int objects;
};

static struct leak_cache leak_caches[LEAK_CACHES];
static int leak_cache_count;

/**
 * struct leak_books - what the kernel holds at one moment
 * @pinned: pages pinned, and not unpinned
 * @objects: in each of leak_caches[]
 */
struct leak_books {
	long pinned;
	long objects[LEAK_CACHES];
};

/* The number at the beginning of an open file, -1 if there is none. */
static inline long leak_pread(int fd)
{
	char text[64] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? atol(text) : -1;
}

static inline long leak_number(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long number = leak_pread(fd);

	close(fd);
	return number;
}

static inline void leak_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static inline long leak_module_references(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/sys/module/ipcbox/refcnt", O_RDONLY | O_CLOEXEC);
	return leak_pread(fd);
}

static inline long leak_pinned(void)
{
	FILE *file = fopen("/proc/vmstat", "re");
	long pinned = 0, number;
	char name[64];

	/* From each processor's own books into those of all. */
	leak_write("/proc/sys/vm/stat_refresh", "1");
	while (file && fscanf(file, "%63s %ld", name, &number) == 2)
		if (!strcmp(name, "nr_foll_pin_acquired"))
			pinned += number;
		else if (!strcmp(name, "nr_foll_pin_released"))
			pinned -= number;
	if (file)
		fclose(file);
	return pinned;
}

static inline int leak_cache_open(const char *name, const char *file, int flags)
{
	char path[320];

	snprintf(path, sizeof(path), LEAK_SLAB "/%s/%s", name, file);
	return open(path, flags | O_CLOEXEC);
}

/* The caches that the module allocates from. */
static inline void leak_init(void)
{
	DIR *dir = opendir(LEAK_SLAB);
	struct leak_cache *cache = leak_caches;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) &&
	       cache < leak_caches + LEAK_CACHES) {
		if (strncmp(entry->d_name, "kmalloc-", 8) &&
		    strcmp(entry->d_name, LEAK_MESSAGES))
			continue;
		snprintf(cache->name, sizeof(cache->name), "%.63s",
			 entry->d_name);
		/* Unless it is one with those of other users. */
		cache->alone = !strcmp(cache->name, LEAK_MESSAGES) &&
			       entry->d_type == DT_DIR;
		cache->shrink = leak_cache_open(cache->name, "shrink",
						O_WRONLY);
		cache->objects = leak_cache_open(cache->name, "objects",
						 O_RDONLY);
		cache++;
	}
	leak_cache_count = cache - leak_caches;
	if (dir)
		closedir(dir);
}

/* Unless shrunk, a cache counts as used what a processor has at hand. */
static inline long leak_objects(const struct leak_cache *cache)
{
	if (pwrite(cache->shrink, "1", 1, 0) != 1)
		return -1;
	return leak_pread(cache->objects);
}

static inline void leak_look(struct leak_books *books)
{
	int i;

	if (!leak_cache_count)
		leak_init();
	/* What is freed after a grace period, or by a worker. */
	sleep_ns(100 * MSEC);
	*books = (struct leak_books){ .pinned = leak_pinned() };
	for (i = 0; i < leak_cache_count; i++)
		books->objects[i] = leak_objects(&leak_caches[i]);
}

/* A page of objects that a processor is at just now counts as used, so look again. */
static inline bool leak_grown(const struct leak_cache *cache, long before,
			      long after, long many)
{
	int i;

	for (i = 0; i < 10 && after - before >= many; i++)
		after = leak_objects(cache);
	return after - before >= many;
}

/* What has grown by @many or, where nobody else has any, at all; or NULL. */
static inline const char *leak_found(const struct leak_books *before,
				     const struct leak_books *after, long many)
{
	int i;

	if (after->pinned > before->pinned)
		return "pinned pages";
	for (i = 0; i < leak_cache_count; i++)
		if (leak_grown(&leak_caches[i], before->objects[i],
			       after->objects[i],
			       leak_caches[i].alone ? 1 : many))
			return leak_caches[i].name;
	return NULL;
}

/**
 * leak_by() - does something leak?
 * @run: what, returns false to give up
 * @arg: its argument
 * @many: how often it does what may leak
 *
 * The rest of the kernel comes and goes; so what has grown must have grown by
 * @many, and again when all is repeated.
 *
 * Return: the name of what grows, or NULL
 */
static inline const char *leak_by(bool (*run)(void *arg), void *arg, long many)
{
	struct leak_books before, after;
	const char *found = NULL;
	int try;

	for (try = 0; try < 3; try++) {
		leak_look(&before);
		if (!run(arg))
			return NULL;
		leak_look(&after);
		found = leak_found(&before, &after, many);
		if (!found)
			break;
	}
	return found;
}

#endif /* IPCBOX_LEAK_H */
