// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A worker: a process that takes part in a trial, repetition by repetition.
 *
 * The first of them decides how long a repetition is: it doubles the rounds until
 * one takes as long as it should, which is the warming up, and then lets as many
 * count as are wanted.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define NS_PER_SECOND	1000000000ULL
#define GROWTH_MAX	16	/* of the rounds, from one repetition to the next */

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_nsec;
}

static uint64_t switches_so_far(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_nvcsw + (uint64_t)usage.ru_nivcsw;
}

static int worker_place(const struct worker *worker)
{
	const struct settings *settings = worker->settings;
	struct sched_param param = { 0 };
	size_t i = worker->trial->place == PLACE_SAME ? 0 :
		   worker->index % settings->cpus_nr;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(settings->cpus[i], &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return -errno;
	if (settings->batch && sched_setscheduler(0, SCHED_BATCH, &param))
		return -errno;
	return 0;
}

static unsigned char *payload_new(size_t len)
{
	unsigned char *memory = mmap(NULL, len + HEADROOM,
				     PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
				     -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	memset(memory, 'i', len + HEADROOM);
	return memory + HEADROOM;
}

static int worker_begin(struct worker *worker)
{
	int err = worker_place(worker);

	worker->out = payload_new(worker->trial->len);
	worker->in = payload_new(worker->trial->len);
	if (!worker->out || !worker->in)
		return -ENOMEM;
	if (!err)
		err = job_attach(worker, true);
	pthread_barrier_wait(&worker->control->barrier);
	return err ? err : job_attach(worker, false);
}

/* From the first that began to the last that has finished. */
static uint64_t control_elapsed(const struct control *control,
				unsigned int workers)
{
	uint64_t start = control->reports[0].start;
	uint64_t end = control->reports[0].end;
	unsigned int i;

	for (i = 1; i < workers; i++) {
		if (control->reports[i].start < start)
			start = control->reports[i].start;
		if (control->reports[i].end > end)
			end = control->reports[i].end;
	}
	return end - start;
}

static double control_switches(const struct control *control,
			       unsigned int workers)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < workers; i++)
		sum += control->reports[i].switches;
	return (double)sum;
}

static void leader_decide(struct worker *worker)
{
	struct control *control = worker->control;
	const struct settings *settings = worker->settings;
	unsigned int workers = trial_workers(worker->trial);
	uint64_t elapsed = control_elapsed(control, workers);
	double messages = (double)(control->rounds *
				   job_messages(worker->trial));
	uint64_t growth;

	if (!control->repeat && elapsed < settings->duration / 8 * 7) {
		growth = settings->duration / (elapsed + 1) + 1;
		control->rounds *= growth > GROWTH_MAX ? GROWTH_MAX : growth;
		return;
	}
	control->counted = control->rounds;
	/* the last one of warming up does not count */
	if (control->repeat) {
		control->samples[control->repeat - 1] =
			(double)elapsed / messages;
		control->switches += control_switches(control, workers) /
				     messages / settings->repeats;
	}
	if (control->repeat++ == settings->repeats)
		control->rounds = 0;
}

static int worker_repeat(struct worker *worker, uint64_t rounds)
{
	struct worker_report *report =
		&worker->control->reports[worker->index];
	uint64_t switches = switches_so_far();
	int err;

	report->start = now();
	err = job_rounds(worker, rounds);
	report->end = now();
	report->switches = switches_so_far() - switches;
	pthread_barrier_wait(&worker->control->barrier);
	if (!err && !worker->index)
		leader_decide(worker);
	return err;
}

void worker_run(struct worker *worker)
{
	struct control *control = worker->control;
	uint64_t rounds;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(worker->settings->timeout);
	err = worker_begin(worker);
	while (!err) {
		pthread_barrier_wait(&control->barrier);
		rounds = control->rounds;
		if (!rounds)
			_exit(EXIT_SUCCESS);
		err = worker_repeat(worker, rounds);
	}
	control->err = err;
	_exit(EXIT_FAILURE);
}
