// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coverage: KCOV for each thread, read by the conductor
 *
 * The memory into which the kernel writes the program counters is shared, so
 * what a thread has reached is known even when it has been killed.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cover.h"
#include "run.h"

#define AREA_WORDS	(16U << 10)
#define FEATURES	(1U << 16)
#define OUTCOME		(1ULL << 63)

/* As KCOV has it: the number of entries, then the entries. */
struct area {
	int fd;
	uint64_t *words;
};

/**
 * struct feature - a feature that has been seen
 * @key: 0 for none
 * @run: the last run that has shown it
 * @times: how often it has been seen
 */
struct feature {
	uint64_t key;
	unsigned int run;
	unsigned int times;
};

static struct area areas[NR_THREADS];
static struct feature *features;
static unsigned int nr_edges, nr_outcomes, run;
static uint64_t base;	/* address of the module's code */

static bool area_init(struct area *area)
{
	area->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (area->fd < 0 || ioctl(area->fd, KCOV_INIT_TRACE, AREA_WORDS))
		return false;
	area->words = mmap(NULL, AREA_WORDS * sizeof(uint64_t),
			   PROT_READ | PROT_WRITE, MAP_SHARED, area->fd, 0);
	return area->words != MAP_FAILED;
}

static uint64_t module_base(void)
{
	FILE *file = fopen("/sys/module/ipcbox/sections/.text", "re");
	unsigned long long address = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%llx", &address) != 1)
		address = 0;
	fclose(file);
	return address;
}

/**
 * cover_init() - before the processes are started, which inherit it
 *
 * Return: false, with a message, if the kernel or the module cannot do that
 */
bool cover_init(void)
{
	unsigned int i;

	base = module_base();
	features = shared_memory(FEATURES * sizeof(*features));
	for (i = 0; i < NR_THREADS; i++) {
		if (!area_init(&areas[i])) {
			perror("kcov");
			return false;
		}
	}
	return true;
}

/* In a thread */

void cover_begin(unsigned int thread)
{
	if (ioctl(areas[thread].fd, KCOV_ENABLE, KCOV_TRACE_PC))
		find(FINDING_STAT, "kcov: %s", strerrorname_np(errno));
}

/* A zero between the traces of two calls. */
void cover_mark(unsigned int thread)
{
	uint64_t *words = areas[thread].words, n = words[0];

	if (n + 2 >= AREA_WORDS)
		return;
	words[n + 1] = 0;
	words[0] = n + 1;
}

void cover_end(unsigned int thread)
{
	ioctl(areas[thread].fd, KCOV_DISABLE, 0);
}

/* In the conductor */

static struct feature *feature_find(uint64_t key)
{
	struct rng rng = { .state = key };
	unsigned int at = rng_next(&rng) % FEATURES;

	while (features[at].key && features[at].key != key)
		at = (at + 1) % FEATURES;
	return &features[at];
}

static void feature_seen(struct cover *cover, uint64_t key)
{
	struct feature *feature = feature_find(key);

	feature->run = run;
	feature->times++;
	if (feature->key || nr_edges + nr_outcomes >= FEATURES / 2)
		return;
	feature->key = key;
	if (key & OUTCOME) {
		nr_outcomes++;
		cover->outcomes++;
	} else {
		nr_edges++;
		cover->edges++;
	}
	if (cover->nr < MAX_NEW)
		cover->features[cover->nr++] = key;
}

static void area_collect(struct area *area, struct cover *cover)
{
	uint64_t n = area->words[0], i, from = 0, to;

	if (n >= AREA_WORDS)
		n = AREA_WORDS - 1;
	for (i = 1; i <= n; i++) {
		to = area->words[i] ? (uint32_t)(area->words[i] - base) : 0;
		if (to)
			feature_seen(cover, from << 31 | to);
		from = to;
	}
	area->words[0] = 0;
}

static void outcomes_collect(struct cover *cover)
{
	const struct sequence *seq = &shared->seq;
	unsigned int i, thread;
	int16_t result;

	for (i = 0; i < seq->nr_calls; i++) {
		thread = seq->calls[i].thread;
		if (thread == CONDUCTOR)
			continue;
		result = shared->threads[thread].results[i];
		if (result)
			feature_seen(cover, OUTCOME |
				     row_index(seq->calls[i].row) << 16 |
				     (uint16_t)result);
	}
}

/**
 * cover_collect() - what the last run has shown
 * @cover: filled in
 */
void cover_collect(struct cover *cover)
{
	unsigned int i;

	run++;
	memset(cover, 0, sizeof(*cover));
	for (i = 0; i < NR_THREADS; i++)
		area_collect(&areas[i], cover);
	outcomes_collect(cover);
}

/**
 * cover_has() - has the last run shown these features again?
 * @wanted: of an earlier run
 *
 * Return: whether it has, all of them
 */
bool cover_has(const struct cover *wanted)
{
	unsigned int i;

	for (i = 0; i < wanted->nr; i++)
		if (feature_find(wanted->features[i])->run != run)
			return false;
	return true;
}

unsigned int cover_edges(void)
{
	return nr_edges;
}

unsigned int cover_outcomes(void)
{
	return nr_outcomes;
}

/**
 * cover_print() - how often which call has returned what
 * @file: where to
 */
void cover_print(FILE *file)
{
	const struct feature *feature;
	unsigned int i, row;
	int16_t result;

	for (row = 0; row_at(row); row++) {
		fprintf(file, "%s", row_at(row)->name);
		for (i = 0; i < FEATURES; i++) {
			feature = &features[i];
			result = feature->key;
			if (!(feature->key & OUTCOME) ||
			    (feature->key & ~OUTCOME) >> 16 != row)
				continue;
			fprintf(file, " %s:%u", result > 0 ? "ok" :
				strerrorname_np(-result), feature->times);
		}
		fprintf(file, "\n");
	}
}
