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
		if (what == GO_QUIT)
			threads_interrupt(process);
		if (!process_idle(process, what) || what == GO_EXIT)
			futex_wait(&shared->progress, seen, 2 * MSEC);
	}
	return true;
}

static void process_tell(const struct sequence *seq, unsigned int process,
			 uint32_t what)
{
	struct seat *seat = seat_of(process);
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++)
		if (what == GO_CLEAN ? i == 0 :
		    thread_used(seq, process * MAX_THREADS + i))
			worker_go(&seat->workers[i], what);
}

static bool end_calm(const struct sequence *seq, unsigned int process)
{
	process_tell(seq, process, GO_QUIT);
	if (!process_wait(process, GO_QUIT, "end its calls"))
		return false;
	process_tell(seq, process, GO_CLEAN);
	return process_wait(process, GO_CLEAN, "close its descriptors");
}

/* One thread exits, if one is free to. */
static bool end_exit(const struct sequence *seq, unsigned int process)
{
	unsigned int i, busy = 0;

	for (i = 0; i < MAX_THREADS; i++)
		busy += !!load(&shared->threads[process * MAX_THREADS + i].busy);
	if (busy == MAX_THREADS || !load(&seat_of(process)->pid)) {
		seat_kill(process, SIGKILL);
	} else {
		for (i = 0; i < MAX_THREADS; i++)
			worker_go(&seat_of(process)->workers[i], GO_EXIT);
	}
	return process_wait(process, GO_EXIT, "exit");
}

static bool end_kill(const struct sequence *seq, unsigned int process)
{
	seat_kill(process, SIGKILL);
	return process_wait(process, GO_EXIT, "die");
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
		if (state->busy && state->place)
			shared->places[state->place - 1].unsure = 1;
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
	static bool (*const ends[])(const struct sequence *, unsigned int) = {
		[END_CALM] = end_calm,
		[END_EXIT] = end_exit,
		[END_KILL] = end_kill,
	};
	bool ended = true;
	unsigned int i;

	for (i = 0; i < seq->nr_processes; i++)
		seat_kill(i, SIGCONT);
	for (i = 0; i < seq->nr_processes; i++) {
		child_wait(i);
		if (!ends[seq->end](seq, i))
			ended = end_kill(seq, i) && ended;
		dead_note(i);
	}
	return ended;
}
