// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A trial: channels are made, workers forked and waited for, and what they have
 * measured becomes an outcome.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

unsigned int trial_workers(const struct trial *trial)
{
	return trial->producers + trial->consumers;
}

static unsigned int trial_channels(const struct trial *trial)
{
	if (trial->measure == MEASURE_LATENCY)
		return 2;
	return trial->transport->many ? 1 : (unsigned int)job_messages(trial);
}

static struct control *control_new(unsigned int workers)
{
	struct control *control = mmap(NULL, sizeof(*control),
				       PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t attr;

	if (control == MAP_FAILED)
		return NULL;
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&control->barrier, &attr, workers);
	pthread_barrierattr_destroy(&attr);
	control->rounds = 1;
	return control;
}

static int channels_open(struct worker *worker)
{
	const struct trial *trial = worker->trial;
	unsigned int nr = trial_channels(trial);
	int err = 0;

	while (!err && worker->channels_nr < nr) {
		err = channel_open(&worker->channels[worker->channels_nr],
				   trial->transport, trial->len);
		worker->channels_nr += !err;
	}
	return err;
}

static void channels_close(struct worker *worker)
{
	while (worker->channels_nr)
		channel_close(&worker->channels[--worker->channels_nr]);
}

static void workers_kill(const pid_t *pids, unsigned int workers)
{
	unsigned int i;

	for (i = 0; i < workers; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
}

static int workers_start(struct worker *worker, pid_t *pids,
			 unsigned int workers)
{
	unsigned int i;

	for (i = 0; i < workers; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return -errno;
		worker->index = i;
		if (!pids[i])
			worker_run(worker);
	}
	return 0;
}

/* The first that fails says why, and the others need not go on. */
static int workers_wait(const struct control *control, pid_t *pids,
			unsigned int workers)
{
	unsigned int i, left = workers;
	int status, err = 0;
	pid_t pid;

	while (left) {
		pid = wait(&status);
		if (pid < 0)
			return err ? err : -errno;
		for (i = 0; i < workers && pids[i] != pid; i++)
			;
		if (i == workers)
			continue;
		pids[i] = 0;
		left--;
		if (!status || err)
			continue;
		err = control->err;
		if (!err)
			err = WIFSIGNALED(status) &&
			      WTERMSIG(status) == SIGALRM ? -ETIMEDOUT : -EPIPE;
		workers_kill(pids, workers);
	}
	return err;
}

/* What was sent has arrived, and nothing else. */
static int control_account(const struct control *control)
{
	uint64_t difference = 0;
	unsigned int i;

	for (i = 0; i < WORKERS_MAX; i++)
		difference += control->reports[i].sent -
			      control->reports[i].received;
	return difference ? -EBADMSG : 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void outcome_set(struct outcome *outcome, struct control *control,
			const struct trial *trial, unsigned int n)
{
	double *samples = control->samples;

	qsort(samples, n, sizeof(*samples), compare);
	outcome->median = samples[n / 2];
	outcome->quartile[0] = samples[n / 4];
	outcome->quartile[1] = samples[n - 1 - n / 4];
	outcome->extreme[0] = samples[0];
	outcome->extreme[1] = samples[n - 1];
	outcome->messages = control->counted * job_messages(trial);
	outcome->switches = control->switches;
}

static int trial_go(struct worker *worker)
{
	unsigned int workers = trial_workers(worker->trial);
	pid_t pids[WORKERS_MAX] = { 0 };
	int err = channels_open(worker);

	if (err)
		return err;
	err = workers_start(worker, pids, workers);
	if (err) {
		workers_kill(pids, workers);
		while (wait(NULL) > 0)
			;
		return err;
	}
	err = workers_wait(worker->control, pids, workers);
	return err ? err : control_account(worker->control);
}

void trial_run(const struct trial *trial, const struct settings *settings,
	       struct outcome *outcome)
{
	struct control *control = control_new(trial_workers(trial));
	struct worker worker = {
		.trial = trial, .settings = settings, .control = control,
	};

	memset(outcome, 0, sizeof(*outcome));
	if (!control) {
		outcome->err = -ENOMEM;
		return;
	}
	outcome->err = trial_go(&worker);
	channels_close(&worker);
	if (!outcome->err)
		outcome_set(outcome, control, trial, settings->repeats);
	munmap(control, sizeof(*control));
}
