// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the processes of a sequence end: they are interrupted and close what they
 * have, or exit, or are killed; whichever it is must not take long
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conductor.h"

static void threads_interrupt(unsigned int process)
{
	struct seat *seat = seat_of(process);
	struct thread_state *state;
	struct worker *worker;
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++) {
		worker = &seat->workers[i];
		state = &shared->threads[process * MAX_THREADS + i];
		if (!load(&state->busy))
			continue;
		add(&state->interrupts, 1);
		syscall(SYS_tgkill, seat->pid, worker->tid, INTERRUPTED);
	}
}

static bool process_idle(unsigned int process, uint32_t what)
{
	struct seat *seat = seat_of(process);
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++)
		if (!worker_done(&seat->workers[i], what))
			return false;
	return true;
}

/* Has it done what it was told? A dead one has; and has to, to have exited. */
static bool process_ended(unsigned int process, uint32_t what)
{
	if (what != GO_EXIT && process_idle(process, what))
		return true;
	return !seat_alive(process);
}

static void describe_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);

	text[len < 0 ? 0 : len] = '\0';
	close(fd);
}

/* What its threads wait in. */
static void hang_found(unsigned int process, const char *when)
{
	struct seat *seat = seat_of(process);
	char text[1500] = "", path[64], stack[600];
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/stack",
			 seat->pid, seat->workers[i].tid);
		describe_file(path, stack, sizeof(stack));
		len += snprintf(text + len, sizeof(text) - len,
				"thread %u:\n%.450s", i, stack);
	}
	find(FINDING_HANG, "process %u does not %s\n%s", process, when, text);
}

/* Waits until one has ended, with a signal from time to time. */
static bool process_wait(unsigned int process, uint32_t what, const char *when)
{
	uint64_t end = now_ns() + PATIENCE;
	uint32_t seen;

	while (!process_ended(process, what)) {
		if (now_ns() > end) {
			hang_found(process, when);
			return false;
		}
		seen = load(&shared->progress);
		if (what != GO_CLEAN)
			threads_interrupt(process);
		if (!process_idle(process, what) || what == GO_EXIT)
			futex_wait(&shared->progress, seen, 2 * MSEC);
	}
	return true;
}

/* One thread exits for all, if one is free to. */
static bool process_can_exit(unsigned int process)
{
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++)
		if (!load(&shared->threads[process * MAX_THREADS + i].busy))
			return true;
	return false;
}

static void process_tell(const struct sequence *seq, unsigned int process,
			 uint32_t what)
{
	struct seat *seat = seat_of(process);
	unsigned int i;

	if (what == GO_EXIT && !process_can_exit(process))
		seat_kill(process, SIGKILL);
	for (i = 0; i < MAX_THREADS; i++)
		if (what == GO_EXIT || (what == GO_CLEAN && i == 0) ||
		    (what == GO_QUIT &&
		     thread_used(seq, process * MAX_THREADS + i)))
			worker_go(&seat->workers[i], what);
}

/* All are told before one is waited for. */
static bool processes_do(const struct sequence *seq, uint32_t what,
			 const char *when)
{
	bool done = true;
	unsigned int i;

	for (i = 0; i < seq->nr_processes; i++)
		process_tell(seq, i, what);
	for (i = 0; i < seq->nr_processes; i++)
		done = process_wait(i, what, when) && done;
	return done;
}

static bool end_calm(const struct sequence *seq)
{
	return processes_do(seq, GO_QUIT, "end its calls") &&
	       processes_do(seq, GO_CLEAN, "close its descriptors");
}

static bool end_exit(const struct sequence *seq)
{
	return processes_do(seq, GO_EXIT, "exit");
}

static bool end_kill(const struct sequence *seq)
{
	unsigned int i;

	for (i = 0; i < seq->nr_processes; i++)
		seat_kill(i, SIGKILL);
	return processes_do(seq, GO_EXIT, "die");
}

/* What the dead were about to receive may be gone with them. */
static void dead_note(unsigned int process)
{
	struct thread_state *state;
	unsigned int i;

	if (load(&seat_of(process)->pid))
		return;
	for (i = 0; i < MAX_THREADS; i++) {
		state = &shared->threads[process * MAX_THREADS + i];
		shared->strayed |= state->busy;
		if (state->busy && state->place)
			shared->places[state->place - 1].unsure = 1;
		else if (state->busy)
			shared->unsure = 1;
	}
}

/* Whoever was killed while it forked may have a child, of which nobody knows. */
static void child_wait(unsigned int process)
{
	uint64_t end = now_ns() + 300 * MSEC;

	while (load(&shared->processes[process].forking) &&
	       !load(&seat_of(process)->pid) && now_ns() < end)
		sleep_ns(MSEC);
}

/**
 * processes_end() - make all processes of a sequence end, or come to rest
 * @seq: sequence
 *
 * Return: false, with a finding, if one of them cannot even be killed
 */
bool processes_end(const struct sequence *seq)
{
	static bool (*const ends[])(const struct sequence *) = {
		[END_CALM] = end_calm,
		[END_EXIT] = end_exit,
		[END_KILL] = end_kill,
	};
	unsigned int i;
	bool ended;

	for (i = 0; i < seq->nr_processes; i++) {
		child_wait(i);
		seat_kill(i, SIGCONT);
	}
	ended = ends[seq->end](seq) || end_kill(seq);
	for (i = 0; i < seq->nr_processes; i++)
		dead_note(i);
	return ended;
}
