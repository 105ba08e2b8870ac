// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that are kept: starting one costs more than a whole sequence
 *
 * A sequence takes processes that are as it wants them, and starts those that
 * there are not. What is not dead or spoiled afterwards serves the next one.
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

/**
 * struct resident - what the conductor knows of a seat
 * @spec: the process that sits there
 * @used: round in which it was used last
 */
struct resident {
	struct process_spec spec;
	uint32_t used;
};

static struct resident residents[MAX_SEATS];
static uint32_t round_now;

struct seat *seat_of(unsigned int process)
{
	return &shared->seats[shared->processes[process].seat];
}

static bool pid_alive(pid_t pid)
{
	pid_t ret = pid ? waitpid(pid, NULL, WNOHANG) : -1;

	/* (One that was forked by another process is not the conductor's.) */
	return pid && (!ret || (ret < 0 && !kill(pid, 0)));
}

/* Is there such a process? It may be dead, or not have been forked yet. */
bool seat_alive(unsigned int process)
{
	struct seat *seat = seat_of(process);
	pid_t pid = load(&seat->pid);

	if (pid_alive(pid))
		return true;
	store(&seat->pid, 0);
	return false;
}

void seat_kill(unsigned int process, int sig)
{
	pid_t pid = load(&seat_of(process)->pid);

	if (pid > 0)
		kill(pid, sig);
}

static void seat_empty(unsigned int i)
{
	struct seat *seat = &shared->seats[i];

	if (seat->pid) {
		kill(seat->pid, SIGKILL);
		waitpid(seat->pid, NULL, 0);
	}
	memset(seat, 0, sizeof(*seat));
}

/* An empty seat, if need be that of who has been idle for longest. */
static unsigned int seat_find_empty(void)
{
	unsigned int i, oldest = MAX_SEATS;

	for (i = 0; i < MAX_SEATS; i++) {
		if (residents[i].used == round_now)
			continue;
		if (!shared->seats[i].pid)
			return i;
		if (oldest == MAX_SEATS ||
		    residents[i].used < residents[oldest].used)
			oldest = i;
	}
	seat_empty(oldest);
	return oldest;
}

static int seat_find(const struct process_spec *spec)
{
	unsigned int i;

	for (i = 0; i < MAX_SEATS; i++)
		if (residents[i].used != round_now && shared->seats[i].pid &&
		    spec_equal(&residents[i].spec, spec))
			return i;
	return -1;
}

static bool seat_ready(const struct seat *seat)
{
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++)
		if (!load(&seat->workers[i].tid))
			return false;
	return true;
}

/* A thread that begins finds that there is nothing to do yet. */
static void seat_reset(struct seat *seat, uint32_t round)
{
	unsigned int i;

	memset(seat, 0, sizeof(*seat));
	for (i = 0; i < MAX_THREADS; i++)
		store(&seat->workers[i].go, (round - 1) << GO_ROUND | GO_QUIT);
}

static void seat_start(struct seat *seat, const struct process_spec *spec)
{
	pid_t pid;

	pid = world_fork(spec);
	if (!pid)
		process_main(seat, spec);
	store(&seat->pid, pid);
}

static void seat_wait(const struct seat *seat)
{
	uint64_t end = now_ns() + PATIENCE;
	uint32_t progress;

	for (;;) {
		progress = load(&shared->progress);
		if (seat_ready(seat))
			return;
		if (now_ns() > end || !pid_alive(seat->pid)) {
			fprintf(stderr, "fuzz: a process does not start\n");
			exit(2);
		}
		futex_wait(&shared->progress, progress, 100 * MSEC);
	}
}

static unsigned int seat_take(const struct process_spec *spec)
{
	int i = spec->forked ? -1 : seat_find(spec);

	if (i >= 0)
		return i;
	i = seat_find_empty();
	residents[i].spec = *spec;
	seat_reset(&shared->seats[i], round_now);
	if (!spec->forked)
		seat_start(&shared->seats[i], spec);
	return i;
}

/**
 * seats_take() - get the processes of a sequence
 * @seq: sequence
 * @round: its number
 */
void seats_take(const struct sequence *seq, uint32_t round)
{
	unsigned int i, seat;

	round_now = round;
	for (i = 0; i < seq->nr_processes; i++) {
		seat = seat_take(&seq->processes[i]);
		residents[seat].used = round;
		shared->seats[seat].process = i;
		shared->processes[i].seat = seat;
	}
	for (i = 0; i < seq->nr_processes; i++)
		if (!seq->processes[i].forked)
			seat_wait(seat_of(i));
}

/* Ends those processes that cannot serve again. */
void seats_release(void)
{
	unsigned int i;

	for (i = 0; i < MAX_SEATS; i++) {
		if (residents[i].used != round_now)
			continue;
		if (shared->seats[i].spoiled || residents[i].spec.forked)
			seat_empty(i);
	}
}

/* Ends all of them: as long as they live they have the module open. */
void seats_end(void)
{
	unsigned int i;

	for (i = 0; i < MAX_SEATS; i++)
		seat_empty(i);
}
